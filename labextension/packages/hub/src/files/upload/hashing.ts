import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

// Not the browser's own: that one is missing where pages come without TLS, and takes no content piece by piece.

/** The SHA-256 of a file, read piece by piece.
 *
 * @param onRead told how many bytes each piece has
 */
export async function sumOf(file: Blob, onRead: (bytes: number) => void): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytesToHex(hash.digest());
    hash.update(value);
    onRead(value.length);
  }
}

/** The id that git gives a content (https://git-scm.com/docs/gitformat-loose). */
export function blobId(content: Uint8Array): string {
  return bytesToHex(sha1.create().update(header(content.length)).update(content).digest());
}

const header = (size: number): Uint8Array => new TextEncoder().encode(`blob ${size}\0`);

/** A pack of contents as git takes it (https://git-scm.com/docs/gitformat-pack): each whole, none as a difference. */
export async function packOf(contents: readonly Uint8Array[]): Promise<Blob> {
  const count = new Uint8Array(12);
  count.set(new TextEncoder().encode("PACK"));
  const view = new DataView(count.buffer);
  view.setUint32(4, 2);
  view.setUint32(8, contents.length);
  const parts: Uint8Array[] = [count];
  for (const content of contents) parts.push(entryHeader(content.length), await deflated(content));
  const hash = sha1.create();
  for (const part of parts) hash.update(part);
  parts.push(hash.digest());
  return new Blob(parts as BlobPart[]);
}

const BLOB = 3;

/** Kind and size: four bits of the size with the kind, then seven bits in each byte while there are more. */
function entryHeader(size: number): Uint8Array {
  const bytes = [(BLOB << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(rest & 127);
  }
  return Uint8Array.from(bytes);
}

async function deflated(content: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([content as BlobPart]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
