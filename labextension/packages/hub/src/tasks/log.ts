/** The log of a task as it comes: one JSON value a line, `[sequence, stream, nanoseconds, base64]`. */
import { ROOT } from "../data/api";
import { boot } from "../boot";

export interface Entry {
  readonly seq: number;
  readonly stream: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
}

/** One line of a log, as it is shown. */
export interface LogLine {
  readonly seq: number;
  readonly stream: string;
  readonly time: number;
  readonly text: string;
}

const NANO = 1_000_000;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 15_000;

/**
 * Follows a task's log until it has ended; picks up where it was after each cut of the connection.
 *
 * @param task Its id.
 * @param signal Ends the reading.
 * @param take Gets entries in their order, several at a time.
 */
export async function followLog(task: string, signal: AbortSignal, take: (entries: Entry[]) => void): Promise<void> {
  let after = -1;
  let pause = FIRST_PAUSE;
  for (;;) {
    try {
      await read(task, after, signal, (entries) => {
        after = entries[entries.length - 1]!.seq;
        pause = FIRST_PAUSE;
        take(entries);
      });
      return;
    } catch (error) {
      if (signal.aborted || error instanceof Refused) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}

class Refused extends Error {}

async function read(task: string, after: number, signal: AbortSignal, take: (entries: Entry[]) => void): Promise<void> {
  const url = `${ROOT}/tasks/${encodeURIComponent(task)}/logs?follow=true&all=true&after=${after}`;
  const response = await fetch(url, { signal, headers: { "X-XSRFToken": boot.xsrf } });
  if (!response.ok || !response.body) {
    throw response.status < 500 ? new Refused() : new Error(response.statusText);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    const entries = lines.filter((line) => line.trim() !== "").map(decode);
    if (entries.length > 0) take(entries);
  }
}

type Wire = readonly [seq: number, stream: string, time: number, data: string];

/** An entry from its line. Bytes that are no UTF-8 are shown as replacement characters; the download has them as they are. */
export function decode(line: string): Entry {
  const [seq, stream, time, data] = JSON.parse(line) as Wire;
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return { seq, stream, time: time / NANO, text: new TextDecoder().decode(bytes) };
}

/**
 * Adds entries to lines: an entry that does not end its line is continued by the next one of its stream, and what a
 * progress bar writes after a carriage return takes the place of what was there.
 */
export function addEntries(lines: readonly LogLine[], entries: readonly Entry[]): LogLine[] {
  const result = [...lines];
  const open = new Map<string, number>();
  for (let at = result.length - 1; at >= Math.max(0, result.length - 10); at--) {
    const line = result[at]!;
    if (!line.text.endsWith("\n") && !open.has(line.stream)) open.set(line.stream, at);
  }
  for (const { seq, stream, time, text } of entries) {
    const at = open.get(stream);
    if (at === undefined) result.push({ seq, stream, time, text });
    else result[at] = { ...result[at]!, text: result[at]!.text + text };
    if (text.endsWith("\n")) open.delete(stream);
    else if (at === undefined) open.set(stream, result.length - 1);
  }
  return result;
}

/** What a terminal would show of a line in the end. */
export function shown(text: string): string {
  const line = text.replace(/\r?\n$/, "");
  const last = line.lastIndexOf("\r");
  return last < 0 ? line : line.slice(last + 1);
}
