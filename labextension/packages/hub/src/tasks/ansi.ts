/** Colours of a terminal (ECMA-48, SGR) as names of classes: a strict Content-Security-Policy knows no inline style. */

export interface Piece {
  readonly text: string;
  /** Space-separated; empty for plain text. */
  readonly classes: string;
}

// CSI sequences: of these only those that end in `m` are about colours. OSC sequences set titles and links.
const SEQUENCE = /\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]/g; // eslint-disable-line no-control-regex

/** A line in pieces of one look each; other sequences than colours are left out. */
export function pieces(line: string): Piece[] {
  const found: Piece[] = [];
  let look: Look = PLAIN;
  let at = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    add(found, line.slice(at, match.index), look);
    if (match[2] === "m") look = apply(look, match[1] ?? "");
    at = match.index + match[0].length;
  }
  add(found, line.slice(at), look);
  return found;
}

interface Look {
  readonly colour: string;
  readonly bold: boolean;
  readonly quiet: boolean;
}

const PLAIN: Look = { colour: "", bold: false, quiet: false };
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

function apply(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    // 38 and 48 take arguments of their own (a palette's number, or three values): they are passed over.
    if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4;
    else look = one(look, code);
  }
  return look;
}

function one(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, quiet: true };
  if (code === 22) return { ...look, bold: false, quiet: false };
  if (code === 39) return { ...look, colour: "" };
  const colour = COLOURS[code >= 90 ? code - 90 : code - 30];
  return colour === undefined ? look : { ...look, colour };
}

function add(found: Piece[], text: string, { colour, bold, quiet }: Look): void {
  if (text === "") return;
  const classes = [colour && `ansi-${colour}`, bold && "ansi-bold", quiet && "ansi-quiet"].filter(Boolean).join(" ");
  found.push({ text, classes });
}
