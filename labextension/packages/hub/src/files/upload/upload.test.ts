// @vitest-environment node
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { blobId, packOf, sumOf } from "./hashing";
import { choiceOf, groups } from "./picked";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("hashes", () => {
  it("are git's and SHA-256", async () => {
    expect(blobId(bytes("hello\n"))).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
    let read = 0;
    const content = new Uint8Array(3_000_000).fill(7);
    const sum = await sumOf(new Blob([content]), (count) => (read += count));
    expect(sum).toBe(createHash("sha256").update(content).digest("hex"));
    expect(read).toBe(content.length);
  });
});

describe("a pack", () => {
  it.each([0, 15, 16, 2047, 2048, 300_000])("holds a content of %d bytes as git reads it", async (size) => {
    const content = new Uint8Array(size).map((_, index) => index % 251);
    const pack = Buffer.from(await (await packOf([content])).arrayBuffer());
    expect(pack.subarray(0, 12).toString("hex")).toBe("5041434b" + "00000002" + "00000001");
    expect(pack.subarray(-20)).toEqual(createHash("sha1").update(pack.subarray(0, -20)).digest());
    let at = 12;
    let told = pack[at]! & 15;
    expect((pack[at]! >> 4) & 7).toBe(3);
    for (let factor = 16; pack[at++]! & 128; factor *= 128) told += (pack[at]! & 127) * factor;
    expect(told).toBe(size);
    expect(Buffer.compare(inflateSync(pack.subarray(at, -20)), content)).toBe(0);
  });
});

describe("chosen files", () => {
  const picked = (path: string, size = 1) => ({ path, file: { size } as File });
  it("go below the folder; repositories within are left out", () => {
    const { files, left } = choiceOf([picked("a"), picked("d/.GIT/config"), picked("\ud800")], "data");
    expect(files.map(({ path }) => path)).toEqual(["data/a"]);
    expect(left).toEqual(["d/.GIT/config", "\ud800"]);
  });

  it("go in packs of a bounded size", () => {
    const sizes = groups([20, 10, 5, 40, 1].map((size, index) => picked(`${index}`, size * 2 ** 20))).map((group) => group.length);
    expect(sizes).toEqual([2, 1, 1, 1]);
    expect(groups([])).toEqual([]);
  });
});
