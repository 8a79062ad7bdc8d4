import { describe, expect, it } from "vitest";

import { pieces } from "./ansi";
import { addEntries, decode, shown, type Entry } from "./log";

const entry = (seq: number, stream: string, text: string): Entry => ({ seq, stream, time: 0, text });

describe("a log", () => {
  it("is read from the wire, also where it is no UTF-8", () => {
    expect(decode('[3, "stdout", 1500000, "aGkK"]')).toEqual({ seq: 3, stream: "stdout", time: 1.5, text: "hi\n" });
    expect(decode('[3, "stdout", 0, "/w=="]').text).toBe("\ufffd");
  });

  it("puts pieces of one line together, whatever the other stream writes between", () => {
    const entries = [entry(0, "stdout", "a"), entry(1, "stderr", "warn\n"), entry(2, "stdout", "b\n"), entry(3, "stdout", "c\n")];
    expect(addEntries([], entries).map((line) => line.text)).toEqual(["ab\n", "warn\n", "c\n"]);
    const first = addEntries([], entries.slice(0, 1));
    expect(addEntries(first, entries.slice(1)).map((line) => line.text)).toEqual(["ab\n", "warn\n", "c\n"]);
  });

  it("shows of a progress bar what is there in the end", () => {
    expect(shown("10 %\r50 %\r100 %\n")).toBe("100 %");
    expect(shown("plain\r\n")).toBe("plain");
  });
});

describe("colours", () => {
  it("become names of classes", () => {
    expect(pieces("a \x1b[1;31mred\x1b[0m b")).toEqual([
      { text: "a ", classes: "" },
      { text: "red", classes: "ansi-red ansi-bold" },
      { text: " b", classes: "" },
    ]);
  });

  it.each(["\x1b[38;5;200mx", "\x1b[38;2;1;2;3mx", "\x1b[2Kx", "\x1b]0;title\x07x", "\x1b]8;;http://evil\x1b\\x"])(
    "leave nothing else of %j",
    (line) => expect(pieces(line)).toEqual([{ text: "x", classes: "" }]),
  );

  it("treat markup as text", () => expect(pieces("<b>")).toEqual([{ text: "<b>", classes: "" }]));
});
