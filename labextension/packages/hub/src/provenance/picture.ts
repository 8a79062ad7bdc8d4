/** The graph as an SVG file. All text is escaped: names are other people's. */
import type { Drawn } from "./graph";
import { extent, HEIGHT, WIDTH, type Place } from "./layout";
import { clipped, LINKS, wordsOf } from "./words";

const MARGIN = 20;
const COLOURS: Readonly<Record<string, string>> = { Run: "#0969da", File: "#1a7f37", Dataset: "#8250df", Folded: "#59616d" };

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** A text for XML; characters that XML cannot hold become U+FFFD. */
export function escaped(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** The curve from one item to another. */
export function curve(from: Place, to: Place): string {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const pull = Math.max(30, Math.abs(x2 - x1) / 2);
  return `M${x1},${y1} C${x1 + pull},${y1} ${x2 - pull},${y2} ${x2},${y2}`;
}

/** The picture as a document. */
export function svg({ items, edges }: Drawn, places: ReadonlyMap<string, Place>): string {
  const { x, y, ...size } = extent(places);
  const [left, top, width, height] = [x - MARGIN, y - MARGIN, size.width + 2 * MARGIN, size.height + 2 * MARGIN];
  const lines = edges.map(({ from, to, link }) => {
    const dashes = link === "copied" ? ' stroke-dasharray="5 4"' : "";
    return `<path d="${curve(places.get(from)!, places.get(to)!)}"${dashes}><title>${escaped(LINKS[link] ?? link)}</title></path>`;
  });
  const boxes = items.map((item) => {
    const { kind, title, detail } = wordsOf(item);
    const { x, y } = places.get(item.id)!;
    return (
      `<g transform="translate(${x} ${y})"><title>${escaped(`${kind}: ${title}`)}</title>` +
      `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#fff" stroke="${COLOURS[kind] ?? "#59616d"}" stroke-width="1.5"/>` +
      `<text x="12" y="23" font-weight="600">${escaped(clipped(title, 26))}</text>` +
      `<text x="12" y="42" fill="#59616d" font-size="11">${escaped(clipped(`${kind} · ${detail}`, 34))}</text></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="13" fill="#1d2127"><rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#fff"/>` +
    `<g fill="none" stroke="#858d99" stroke-width="1.5">${lines.join("")}</g>${boxes.join("")}</svg>\n`
  );
}
