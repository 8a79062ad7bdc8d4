import { describe, expect, it } from "vitest";

import { fileChoices } from "./choices";
import { parseCsv } from "./csv";
import { hunks, lineDiff, notebookDiff } from "./diff";
import { extensionOf, folderOf, nameOf, shown, sizeOf, wire } from "./names";
import { readNotebook, type Cell } from "./notebook";
import { pictureType, svgAddress } from "./pictures";
import { decoded } from "./useText";

describe("names", () => {
  it("are shown with what cannot be seen as numbers", () => {
    expect(shown("rtl\u202egnp.exe")).toBe("rtl\\u202egnp.exe");
    expect(shown("a\uefff\nb")).toBe("a\\xff\\u000ab");
    expect(shown("ünï 日本 <b>")).toBe("ünï 日本 <b>");
  });

  it("go on the wire as the hub writes them", () => {
    expect(wire("ünï")).toBe("ünï");
    expect(wire("\uef80")).toBe("\uefee\uefbe\uef80");
    expect(wire("\ud800")).toBeUndefined();
  });

  it("have folders and extensions", () => {
    expect([folderOf("a/b/c.TAR.Gz"), nameOf("a/b/c"), extensionOf("a.b/c"), extensionOf("x.CSV")]).toEqual(["a/b", "c", "", "csv"]);
    expect([folderOf("a"), nameOf("a")]).toEqual(["", "a"]);
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [41_943_040, "41.9 MB"],
    [2.5e12, "2.5 TB"],
  ])("of sizes: %d is %s", (bytes, words) => expect(sizeOf(bytes)).toBe(words));
});

describe("choices in the address", () => {
  it("are read, whatever somebody wrote there", () => {
    expect(fileChoices({ at: 1234567, path: "/a/b/", view: "diff", since: "abc" })).toEqual({
      at: "1234567",
      path: "a/b",
      view: "diff",
      since: "abc",
    });
    expect(fileChoices({ at: "", path: { evil: 1 }, view: "nonsense" })).toEqual({});
  });
});

describe("values in a table", () => {
  it.each<[string, string[][]]>([
    ["a,b\n1,2\n", [["a", "b"], ["1", "2"]]],
    ["a,b\r\n1,2", [["a", "b"], ["1", "2"]]],
    ['"x, y","say ""hi""","two\nlines"\n', [["x, y", 'say "hi"', "two\nlines"]]],
    ["a,\n,b\n", [["a", ""], ["", "b"]]],
    ["a,", [["a", ""]]],
    ["a\n\nb", [["a"], [""], ["b"]]],
    ['"open,\n1', [["open,\n1"]]],
    ['"a"b,c\n', [["ab", "c"]]],
    ["", []],
  ])("%j", (text, rows) => expect(parseCsv(text, ",", true)).toEqual(rows));

  it("leave out the last row of a text that goes on", () => {
    expect(parseCsv("a,b\n1,2", ",", false)).toEqual([["a", "b"]]);
    expect(parseCsv("a\tb, c\n", "\t", true)).toEqual([["a", "b, c"]]);
  });
});

describe("text", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  it("is read across parts, and nothing with a NUL is text", () => {
    const letter = bytes("é");
    expect(decoded([letter.slice(0, 1), letter.slice(1)], true)).toBe("é");
    expect(decoded([bytes("a"), letter.slice(0, 1)], false)).toBe("a");
    expect(decoded([bytes("a\0b")], true)).toBeNull();
  });
});

describe("pictures", () => {
  const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  it("are what their bytes say", () => {
    expect(pictureType(bytes("\x89PNG\r\n\x1a\n...."))).toBe("image/png");
    expect(pictureType(bytes("\xff\xd8\xff\xe0"))).toBe("image/jpeg");
    expect(pictureType(bytes("<script>alert(1)</script>"))).toBeUndefined();
    expect(svgAddress(bytes("<svg xmlns='x'><script>1</script></svg>"))).toMatch(/^data:image\/svg\+xml,/);
    expect(svgAddress(bytes("<html></html>"))).toBeUndefined();
  });
});

const cell = (id: string, source: string, text = ""): Cell => ({
  type: "code",
  id,
  source,
  count: null,
  outputs: text ? [{ kind: "text", text, failed: false }] : [],
});

describe("notebooks", () => {
  it("are read whatever they hold", () => {
    expect(readNotebook("no JSON")).toBeUndefined();
    expect(readNotebook('{"cells": 5}')).toBeUndefined();
    expect(readNotebook('{"cells": [null, 5, {"cell_type": "code", "source": {"a": 1}, "outputs": [null, {"data": 5}]}]}')).toHaveLength(3);
  });

  it("show pictures only of known kinds, as data", () => {
    const output = (data: object) =>
      readNotebook(JSON.stringify({ cells: [{ cell_type: "code", source: "", outputs: [{ output_type: "display_data", data }] }] }))![0]!.outputs[0];
    expect(output({ "image/png": ["iVBO\n", "Rw=="] })).toEqual({ kind: "picture", address: "data:image/png;base64,iVBORw==" });
    expect(output({ "image/png": '"><script>', "text/plain": "plain" })).toEqual({ kind: "text", text: "plain", failed: false });
    expect(output({ "text/html": "<b>", "text/plain": "b" })).toEqual({ kind: "html", html: "<b>", text: "b" });
    expect(output({ "application/javascript": "alert(1)" })).toEqual({ kind: "text", text: "(application/javascript)", failed: false });
  });

  it("differ cell by cell", () => {
    const old = [cell("a", "x = 1\n"), cell("b", "gone"), cell("c", "same", "1")];
    const now = [cell("a", "x = 2\n"), cell("c", "same", "2"), cell("d", "new")];
    expect(notebookDiff(old, now)).toEqual([
      { change: "changed", type: "code", source: [["-", "x = 1"], ["+", "x = 2"]], outputs: [] },
      { change: "removed", type: "code", source: [["-", "gone"]], outputs: [] },
      { change: "changed", type: "code", source: [], outputs: [["-", "1"], ["+", "2"]] },
      { change: "added", type: "code", source: [["+", "new"]], outputs: [] },
    ]);
  });

  it("without ids differ by their source", () => {
    const found = notebookDiff([cell("", "a"), cell("", "b")], [cell("", "a"), cell("", "c")])!;
    expect(found.map(({ change }) => change)).toEqual(["same", "changed"]);
  });
});

describe("texts", () => {
  it("differ line by line, with what did not change only counted", () => {
    const old = Array.from({ length: 20 }, (_, index) => `${index}\n`).join("");
    const lines = lineDiff(old, old.replace("10\n", "ten\n"))!;
    expect(lines.filter(([mark]) => mark !== " ")).toEqual([["-", "10"], ["+", "ten"]]);
    expect(hunks(lines).map((part) => (typeof part === "number" ? part : part.length))).toEqual([7, 8, 6]);
  });
});
