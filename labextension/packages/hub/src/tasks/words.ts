/** What people type into the form that starts a task, in the words of `ds run`. */

const SIZE = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i;
const UNITS = ["", "k", "m", "g", "t"];
const ENVIRONMENT = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const LABEL = /^[A-Za-z0-9][A-Za-z0-9_.\-/]*$/;
/** Bytes; Docker starts no container with less. */
const LEAST = 6 * 1024 ** 2;

/** What is wrong with what was typed: a sentence. */
export class Mistyped extends Error {}

/** The words of a command, as a shell splits them; nothing is expanded.
 *
 * See https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const char = text[at++]!;
    if (char === "'" || char === '"') {
      const [inside, end] = quoted(text, at, char);
      word = (word ?? "") + inside;
      at = end;
    } else if (char === "\\") {
      if (at >= text.length) throw new Mistyped("The command ends with a backslash.");
      const next = text[at++]!;
      if (next !== "\n") word = (word ?? "") + next;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What is between quotes, and where it goes on after them. */
function quoted(text: string, start: number, quote: string): readonly [inside: string, end: number] {
  let inside = "";
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (char === quote) return [inside, at + 1];
    const next = text[at + 1];
    if (quote === '"' && char === "\\" && next !== undefined && '"\\$`\n'.includes(next)) {
      inside += next === "\n" ? "" : next;
      at++;
    } else {
      inside += char;
    }
  }
  throw new Mistyped(`The command has no closing ${quote}.`);
}

/** Bytes of `512m`, `8g` or `1.5 GiB`, in powers of 1024; null for nothing. */
export function memory(text: string): number | null {
  if (text.trim() === "") return null;
  const found = SIZE.exec(text.trim());
  if (!found) throw new Mistyped(`Memory: ${text.trim()} is no size; write for example 512m or 8g.`);
  const unit = found[2]!.toLowerCase().replace("b", "");
  const bytes = Math.trunc(Number(found[1]) * 1024 ** UNITS.indexOf(unit));
  if (bytes < LEAST) throw new Mistyped("Memory: a task needs 6m at least.");
  return bytes;
}

/** Environment variables, `NAME=VALUE` in each line. */
export function environment(text: string): Record<string, string> {
  return Object.fromEntries(
    lines(text).map((line) => {
      const [name, value] = pair(line);
      if (value === undefined) throw new Mistyped(`Environment: write ${name}=VALUE.`);
      if (!ENVIRONMENT.test(name)) throw new Mistyped(`Environment: ${name} is not a name: names have letters, digits, '_' and '.', no digit first.`);
      return [name, value];
    }),
  );
}

/** Runner labels, `NAME` or `NAME=VALUE`, with white space or commas between. */
export function labels(text: string): Record<string, string> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return Object.fromEntries(
    words.map((word) => {
      const [name, value] = pair(word);
      if (!LABEL.test(name)) throw new Mistyped(`Runner labels: ${name} is not a name: names have letters, digits, '_', '.', '-' and '/', no mark first.`);
      return [name, value ?? ""];
    }),
  );
}

/** A number of at least something; null for nothing. */
export function number(text: string, what: string, whole = false): number | null {
  if (text.trim() === "") return null;
  const found = Number(text);
  if (!Number.isFinite(found) || (whole && !Number.isInteger(found))) throw new Mistyped(`${what}: ${text.trim()} is no${whole ? " whole" : ""} number.`);
  return found;
}

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");

function pair(text: string): readonly [name: string, value: string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1)];
}
