/** What kind of picture bytes are. Their own first bytes tell it; a name may say anything. */
export function pictureType(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("GIF8")) return "image/gif";
  if (head.startsWith("RIFF") && head.endsWith("WEBP")) return "image/webp";
  if (head.startsWith("BM")) return "image/bmp";
  return head.slice(4) === "ftypavif" ? "image/avif" : undefined;
}

/** An SVG picture as an address for `<img>`, where no script of it runs. As `data:` it has no origin even on its own. */
export function svgAddress(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  return /<svg[\s>]/i.test(text.slice(0, 10_000)) ? `data:image/svg+xml,${encodeURIComponent(text)}` : undefined;
}
