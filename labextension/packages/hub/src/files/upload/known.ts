/** Hashes of files whose upload has begun, for when the page is closed and the same file is chosen again.
 *
 * A file could have changed without its size and time telling. So a hash from here is believed only for a content that
 * the hub does not have yet: then the hub looks at every byte itself.
 */
import type { Picked } from "./picked";

const KEY = "dotscience.uploads";
const MOST = 50;

type Known = Record<string, string>;

const nameOf = ({ path, file }: Picked): string => `${file.size} ${file.lastModified} ${path}`;

function read(): Known {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Known;
  } catch {
    return {};
  }
}

function write(known: Known): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(known).slice(-MOST))));
  } catch {
    // A browser that keeps nothing reads the file again.
  }
}

/** The hash of a file, if its upload has begun before. */
export function recall(picked: Picked): string | undefined {
  const found = read()[nameOf(picked)];
  return typeof found === "string" && /^[0-9a-f]{64}$/u.test(found) ? found : undefined;
}

/** Keeps the hash of a file whose upload begins. */
export function remember(picked: Picked, sha256: string): void {
  const { [nameOf(picked)]: _, ...others } = read();
  write({ ...others, [nameOf(picked)]: sha256 });
}

/** The upload is over, or the hash was wrong. */
export function forget(picked: Picked): void {
  const { [nameOf(picked)]: _, ...others } = read();
  write(others);
}
