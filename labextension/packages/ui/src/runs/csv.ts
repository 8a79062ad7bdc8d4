/** A table as CSV (RFC 4180), safe to open in a spreadsheet. */
import { toNumber } from "./columns";

/** Lines of cells as text. */
export function csv(lines: readonly (readonly (string | undefined)[])[]): string {
  return lines.map((line) => `${line.map((text) => cell(text ?? "")).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  // Spreadsheets take such a text for a formula and may carry it out; an apostrophe before it makes it text.
  const harmless = /^[=+\-@\t\r]/u.test(text) && Number.isNaN(toNumber(text)) ? `'${text}` : text;
  return /[",\r\n]/u.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
