/** Paths as they are shown and sent. A path on the wire is text; see `jupyter_dotscience/api/paths.py`. */

// Controls, and what turns the direction of text or has no width: a name must not look like another one.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const BYTE = /[\uef80-\uefff]/g;
const LONE = /[\ud800-\udfff]/u;

/** A path for people: what cannot be seen is written as its number. */
export function shown(path: string): string {
  const hex = (code: number, length: number) => code.toString(16).padStart(length, "0");
  return path
    .replace(BYTE, (char) => `\\x${hex(char.charCodeAt(0) - 0xef00, 2)}`)
    .replace(UNSEEN, (char) => `\\u${hex(char.charCodeAt(0), 4)}`);
}

/** The wire form of a name that the browser gives; undefined for one that no UTF-8 can hold. */
export function wire(name: string): string | undefined {
  if (LONE.test(name)) return undefined;
  const escaped = (char: string) => [...new TextEncoder().encode(char)].map((byte) => String.fromCharCode(0xef00 + byte)).join("");
  return name.replace(BYTE, escaped);
}

/** The folder that a path is in; empty for the workspace itself. */
export const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));

/** A path's last part. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** What comes after the last dot of a name, in small letters. */
export function extensionOf(path: string): string {
  const name = nameOf(path);
  return name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
}

const UNITS = ["kB", "MB", "GB"];

/** A size in bytes as `ds` writes it: `12 B`, `3.4 kB`, `5.0 GB`, in powers of 1000. */
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of UNITS) {
    value /= 1000;
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`;
  }
  return `${(value / 1000).toFixed(1)} TB`;
}
