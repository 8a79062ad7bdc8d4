/** Sends a large content in parts, for as long as it takes: the hub says where to go on, whatever happened before. */
import type { Schema } from "@dotscience/api";

import { Problem } from "../../data/api";
import { addressOf, type Place } from "../place";
import { once, rest, type Sending } from "./send";

type Standing = Schema<"Upload">;

const LONGEST = 15_000;

export interface Content {
  readonly place: Place;
  readonly file: Blob;
  readonly sha256: string;
  readonly signal: AbortSignal;
  /** Told how many bytes of the content the hub has, or is about to have. */
  readonly onSent: (bytes: number) => void;
  /** Told when the hub cannot be reached, and when it can be again. */
  readonly onWaiting: (isWaiting: boolean) => void;
}

/** Sends what the hub does not have of a content yet.
 *
 * @param pause milliseconds before the first repetition
 * @throws Problem when the hub refuses the content, or the person may not send it
 */
export async function sendInParts(content: Content, pause = 1_000): Promise<void> {
  const { file, sha256 } = content;
  const size = file.size;
  const insist = insistence(content, pause);
  let standing = await insist(() => ask(content, "uploads", JSON.stringify({ sha256, size })));
  for (;;) {
    content.onSent(standing.received);
    if (standing.received >= size) {
      const end = await insist(() => refusable(finish(content), content, pause));
      if (end.received >= size) return;
      standing = end;
    }
    const { received, part_size } = standing;
    const part = file.slice(received, received + part_size);
    standing = await insist(() => refusable(put(content, part, received), content, pause));
  }
}

function put(content: Content, part: Blob, offset: number): Promise<Standing> {
  const { place, file, sha256, signal, onSent } = content;
  const url = addressOf(place, `uploads/${sha256}?${new URLSearchParams({ size: String(file.size), offset: String(offset) })}`);
  return standingOf({ method: "PUT", url, body: part, signal, onSent: (bytes) => onSent(offset + bytes) });
}

async function finish(content: Content): Promise<Standing> {
  const { place, file, sha256, signal } = content;
  const size = file.size;
  await once({ method: "POST", url: addressOf(place, `uploads/${sha256}/finish`), body: JSON.stringify({ size }), signal });
  return { sha256, size, received: size, part_size: 0 };
}

const ask = ({ place, signal }: Content, below: string, body: string): Promise<Standing> => standingOf({ method: "POST", url: addressOf(place, below), body, signal });

const standingOf = async (sending: Sending): Promise<Standing> => JSON.parse(await once(sending)) as Standing;

/** The hub has other bytes than was thought, as after a broken connection: it says how many.
 *
 * Where another tab sends the same, that one is left alone for a while: the two would do nothing but interrupt each other.
 */
async function refusable(work: Promise<Standing>, { file, signal }: Content, pause: number): Promise<Standing> {
  try {
    return await work;
  } catch (error) {
    const received = error instanceof Problem && error.status === 409 ? error.detail["received"] : undefined;
    if (typeof received !== "number") throw error;
    if (error instanceof Problem && error.code === "upload_elsewhere") await rest(pause * (3 + 5 * Math.random()), signal);
    return { sha256: "", size: file.size, received, part_size: PART };
  }
}

const PART = 8 * 2 ** 20;

/** Repeats a call until the hub answers: a long upload outlives networks and restarts. */
function insistence({ file, signal, onWaiting }: Content, pause: number) {
  return async <Result>(call: () => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await call();
        if (attempt > 1) onWaiting(false);
        return result;
      } catch (error) {
        const isAway = !(error instanceof Problem) || error.status >= 500;
        if (signal.aborted || !isAway) throw error;
        await readable(file);
        onWaiting(true);
        await soon(Math.min(pause * 2 ** (attempt - 1), LONGEST), signal);
      }
    }
  };
}

/** A file that was changed or removed fails as a broken connection does, and waiting will not help.
 *
 * @throws Error when it cannot be read
 */
async function readable(file: Blob): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error("The file was changed or removed while it was sent. Choose it again.");
  }
}

/** Waits, but no longer than until the browser has a network again. */
async function soon(milliseconds: number, signal: AbortSignal): Promise<void> {
  const given = new AbortController();
  const stop = () => given.abort();
  addEventListener("online", stop, { once: true });
  signal.addEventListener("abort", stop, { once: true });
  try {
    await rest(milliseconds, given.signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
    });
  } finally {
    removeEventListener("online", stop);
    signal.removeEventListener("abort", stop);
  }
}
