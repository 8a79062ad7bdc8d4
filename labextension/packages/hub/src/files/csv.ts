/** Reads values separated by commas (RFC 4180) or tabs: fields in quotes may hold separators, line ends and quotes.
 *
 * @param complete whether the text is whole; of one that goes on, the last row is left out
 */
export function parseCsv(text: string, separator: string, complete: boolean): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [value, end] = text[at] === '"' ? quoted(text, at) : plain(text, separator, at);
    row.push(value);
    if (text[end] === separator) {
      at = end + 1;
      if (at === text.length) row.push("");
      continue;
    }
    if (end >= text.length) break;
    rows.push(row);
    row = [];
    at = end + (text.startsWith("\r\n", end) ? 2 : 1);
  }
  if (complete && row.length > 0) rows.push(row);
  return rows;

  function plain(all: string, mark: string, from: number): readonly [string, number] {
    let end = from;
    while (end < all.length && all[end] !== mark && all[end] !== "\n" && all[end] !== "\r") end++;
    return [all.slice(from, end), end];
  }

  function quoted(all: string, from: number): readonly [string, number] {
    let value = "";
    let start = from + 1;
    for (;;) {
      const close = all.indexOf('"', start);
      if (close < 0) return [value + all.slice(start), all.length];
      value += all.slice(start, close);
      if (all[close + 1] !== '"') {
        // What stands between the closing quote and the separator belongs to no form; it is kept.
        const [rest, end] = plain(all, separator, close + 1);
        return [value + rest, end];
      }
      value += '"';
      start = close + 2;
    }
  }
}
