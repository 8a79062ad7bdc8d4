/** A piece of a comment: text, or the address of another page. */
export interface Piece {
  readonly text: string;
  readonly address?: string;
}

// No white space, quotes or brackets, and nothing that hides or turns letters: what is read is where it leads.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gi;
const STOPS = ".,;:!?*_~";
const OPENS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** A comment's text with the web addresses in it; nothing else in it means anything. */
export function linked(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const shown = trimmed(found[0]);
    const address = addressOf(shown);
    if (address === undefined) continue;
    if (found.index > end) pieces.push({ text: text.slice(end, found.index) });
    pieces.push({ text: shown, address });
    end = found.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Without what ends the sentence that the address is in: stops, and brackets that were opened before it. */
function trimmed(address: string): string {
  const left = new Map<string, number>();
  for (const letter of address) left.set(letter, (left.get(letter) ?? 0) + 1);
  const surplus = (close: string): boolean => (left.get(close) ?? 0) > (left.get(OPENS[close]!) ?? 0);
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1]!;
    if (!(last in OPENS ? surplus(last) : STOPS.includes(last))) break;
    left.set(last, left.get(last)! - 1);
  }
  return address.slice(0, end);
}

function addressOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  // `https://bank.example@evil.example` leads elsewhere than it seems to.
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "" ? href : undefined;
}
