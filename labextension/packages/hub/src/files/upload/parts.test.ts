import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const { once } = vi.hoisted(() => ({ once: vi.fn() }));
vi.mock("./send", async (original) => ({ ...(await original<object>()), once }));

import { Problem } from "../../data/api";
import { forget, recall, remember } from "./known";
import { sendInParts, type Content } from "./parts";

const MB = 2 ** 20;

/** A hub that has some of a content, and does what a test says with each part. */
class Hub {
  received = 0;
  finished = false;
  readonly offsets: number[] = [];
  before: (offset: number) => void = () => undefined;

  constructor(private readonly size: number) {}

  readonly answer = async ({ url, body }: { url: string; body: Blob | string }): Promise<string> => {
    if (url.endsWith("/uploads")) return this.standing();
    if (url.endsWith("/finish")) {
      if (this.received < this.size) throw new Problem(409, "upload_incomplete", "No.", { received: this.received });
      this.finished = true;
      return "";
    }
    const offset = Number(new URL(url, "http://hub").searchParams.get("offset"));
    this.offsets.push(offset);
    this.before(offset);
    if (offset !== this.received) throw new Problem(409, "upload_offset", "No.", { received: this.received });
    this.received += (body as Blob).size;
    return this.standing();
  };

  private standing = () => JSON.stringify({ sha256: "", size: this.size, received: this.received, part_size: 8 * MB });
}

const contentOf = (size: number, rest: Partial<Content> = {}): Content => ({
  place: { kind: "project", id: "p" },
  file: { size, slice: (start: number, end: number) => ({ size: Math.min(end, size) - start, arrayBuffer: async () => new ArrayBuffer(1) }) } as unknown as Blob,
  sha256: "a".repeat(64),
  signal: new AbortController().signal,
  onSent: () => undefined,
  onWaiting: () => undefined,
  ...rest,
});

beforeEach(() => localStorage.clear());
afterEach(() => once.mockReset());

describe("a large content", () => {
  it("goes in parts, and is finished", async () => {
    const hub = new Hub(20 * MB);
    once.mockImplementation(hub.answer);
    const told: number[] = [];
    await sendInParts(contentOf(20 * MB, { onSent: (bytes) => told.push(bytes) }));
    expect([hub.offsets, hub.finished]).toEqual([[0, 8 * MB, 16 * MB], true]);
    expect(told.at(-1)).toBe(20 * MB);
  });

  it("goes on where the hub is", async () => {
    const hub = new Hub(20 * MB);
    hub.received = 9 * MB + 5;
    once.mockImplementation(hub.answer);
    await sendInParts(contentOf(20 * MB));
    expect(hub.offsets).toEqual([9 * MB + 5, 17 * MB + 5]);
  });

  it("waits for a hub that is away, and goes on behind what had arrived", async () => {
    const hub = new Hub(20 * MB);
    let failures = 3;
    hub.before = (offset) => {
      if (offset !== 8 * MB || failures-- <= 0) return;
      hub.received = 10 * MB; // a part of the part had arrived
      throw failures === 1 ? new Problem(503, "", "Away.") : new Error("lost");
    };
    once.mockImplementation(hub.answer);
    const waits: boolean[] = [];
    await sendInParts(contentOf(20 * MB, { onWaiting: (isWaiting) => waits.push(isWaiting) }), 1);
    expect(hub.finished).toBe(true);
    expect(waits).toEqual([true, true, true, false]);
    expect(hub.offsets).toEqual([0, 8 * MB, 8 * MB, 8 * MB, 8 * MB, 10 * MB, 18 * MB]);
  });

  it("leaves another tab alone that sends the same, and goes on behind it", async () => {
    const hub = new Hub(20 * MB);
    let times = 0;
    hub.before = (offset) => {
      if (offset !== 8 * MB || times++ > 0) return;
      hub.received = 12 * MB;
      throw new Problem(409, "upload_elsewhere", "Over another connection.", { received: 12 * MB });
    };
    once.mockImplementation(hub.answer);
    await sendInParts(contentOf(20 * MB), 1);
    expect([hub.offsets, hub.finished]).toEqual([[0, 8 * MB, 12 * MB], true]);
  });

  it("ends when the hub refuses it, or the person stops", async () => {
    const hub = new Hub(20 * MB);
    once.mockImplementation(hub.answer);
    hub.before = () => {
      throw new Problem(413, "", "Full.");
    };
    await expect(sendInParts(contentOf(20 * MB), 1)).rejects.toThrow("Full.");
    const given = new AbortController();
    hub.before = () => {
      given.abort();
      throw new Error("lost");
    };
    await expect(sendInParts(contentOf(20 * MB, { signal: given.signal }), 1)).rejects.toThrow("lost");
  });

  it("is not waited for when the file itself has changed", async () => {
    const hub = new Hub(20 * MB);
    once.mockImplementation(hub.answer);
    hub.before = () => {
      throw new Error("lost");
    };
    const part = { size: 1, arrayBuffer: () => Promise.reject(new DOMException("changed", "NotReadableError")) };
    const file = { size: 20 * MB, slice: () => part } as unknown as Blob;
    await expect(sendInParts(contentOf(20 * MB, { file }), 1)).rejects.toThrow("changed or removed");
  });

  it("begins anew when the hub has lost it", async () => {
    const hub = new Hub(9 * MB);
    hub.received = 9 * MB;
    once.mockImplementation(async (sending) => {
      if (sending.url.endsWith("/finish") && hub.offsets.length === 0) hub.received = 0;
      return hub.answer(sending);
    });
    await sendInParts(contentOf(9 * MB));
    expect([hub.offsets, hub.finished]).toEqual([[0, 8 * MB], true]);
  });
});

describe("hashes of uploads that have begun", () => {
  const picked = (path: string, lastModified = 1) => ({ path, file: { size: 5, lastModified } as File });

  it("are known until the upload is over, for that file alone", () => {
    remember(picked("a"), "a".repeat(64));
    expect([recall(picked("a")), recall(picked("b")), recall(picked("a", 2))]).toEqual(["a".repeat(64), undefined, undefined]);
    forget(picked("a"));
    expect(recall(picked("a"))).toBeUndefined();
  });

  it("are no more than fifty, the newest ones", () => {
    for (let number = 0; number < 60; number++) remember(picked(`f${number}`), "b".repeat(64));
    expect([recall(picked("f9")), recall(picked("f10"))]).toEqual([undefined, "b".repeat(64)]);
  });

  it("are none where somebody else wrote there", () => {
    for (const text of ["{", "[]", '{"5 1 a": 7}', '{"5 1 a": "../x"}']) {
      localStorage.setItem("dotscience.uploads", text);
      expect(recall(picked("a"))).toBeUndefined();
    }
  });
});
