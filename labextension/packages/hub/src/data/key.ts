import { useRef } from "react";

const BYTES = 16;

/** A text that nobody else has. Not `crypto.randomUUID`: that one is missing where pages come without TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An `Idempotency-Key` for what is being written: the same for each try, another one for what is written then.
 *
 * Without it, trying again after an answer that got lost would do it twice.
 */
export function useKey(): (content: unknown) => string {
  const last = useRef<readonly [content: string, key: string]>(["", ""]);
  return (content) => {
    const text = JSON.stringify(content);
    if (last.current[0] !== text) last.current = [text, newKey()];
    return last.current[1];
  };
}
