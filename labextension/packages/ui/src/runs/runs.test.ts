import { describe, expect, it } from "vitest";

import { columnId, parseColumn, quoted, tabled, toNumber, valueOf, type TabledRun } from "./columns";
import { compared } from "./compare";
import { csv } from "./csv";
import { extended, lastRow, pointsOf, positive, smoothed, type Curve } from "./curves";
import { completions, placeIn } from "./filter";
import { grouped } from "./groups";

const run: TabledRun = {
  id: "r",
  status: "succeeded",
  authority: "workload",
  description: null,
  author: "ada",
  created: "2026-01-01T00:00:00Z",
  task: null,
  parameters: { lr: "0.1", "batch size": "32" },
  summary: {},
  labels: {},
};

describe("columns", () => {
  it.each([
    [{ kind: "parameters", name: "lr" }, "parameters.lr"],
    [{ kind: "labels", name: "model type" }, 'labels."model type"'],
    [{ kind: "labels", name: 'a "b"' }, `labels.'a "b"'`],
    [{ kind: null, name: "status" }, "status"],
  ] as const)("have a name that leads back to them: %j", (column, id) => {
    expect(columnId(column)).toBe(id);
    expect(parseColumn(id)).toEqual(column);
  });

  it.each(["series.loss", "parameters.", "nothing", "__proto__"])("do not know %j", (id) => expect(parseColumn(id)).toBeUndefined());

  it("take nothing of a name that objects have of themselves", () => {
    expect(valueOf(run, { kind: "labels", name: "constructor" })).toBeUndefined();
    expect(valueOf(run, { kind: "parameters", name: "batch size" })).toBe("32");
    expect(valueOf(run, { kind: null, name: "task" })).toBeUndefined();
  });

  it("read numbers as the hub does", () => {
    expect(["1e-3", " .5 ", "-inf", "+Infinity"].map(toNumber)).toEqual([0.001, 0.5, -Infinity, Infinity]);
    expect(["", "0x10", "nan", "1 2", null].map(toNumber).every(Number.isNaN)).toBe(true);
  });

  it("shows the digits of a long fraction that tell, and whole numbers and texts as they are", () => {
    expect(["0.9622222222222222", "-1.23456789e-7", "  0.12345678901"].map(tabled)).toEqual(["0.962222", "-1.23457e-7", "0.123457"]);
    for (const text of ["0.1", "20261122123456", "12345678.9012", "1e9999999999", "infinity and beyond", "v1.2.3-alpha.4"]) {
      expect(tabled(text)).toBe(text);
    }
  });

  it("quote the word that joins conditions", () => expect(quoted("and")).toBe('"and"'));
});

describe("a filter", () => {
  it.each([
    ["", "column", "", undefined],
    ["par", "column", "par", undefined],
    ["parameters.lr ", "operator", "", "parameters.lr"],
    ["parameters.lr <", "value", "", "parameters.lr"],
    ["parameters.lr<0.1", "value", "0.1", "parameters.lr"],
    ["parameters.lr < 0.1 ", "and", "", "parameters.lr"],
    ["parameters.lr < 0.1 and ", "column", "", undefined],
    ['labels."model type" = "a b', "value", '"a b', 'labels."model type"'],
  ] as const)("%j expects a %s", (text, expects, typed, column) => expect(placeIn(text)).toMatchObject({ expects, typed, column }));

  it("is completed with columns, those that begin so first", () => {
    const found = completions("status = failed and l", ["summary.loss", "labels.model"], () => []);
    expect(found.map(({ label }) => label)).toEqual(["labels.model", "summary.loss"]);
    expect(found[0]?.text).toBe("status = failed and labels.model ");
  });

  it("is completed with values, quoted where they must be", () => {
    const valuesOf = (column: string) => (column === "labels.model" ? ["a b", "c"] : []);
    expect(completions("labels.model =", [], valuesOf).map(({ text }) => text)).toEqual(['labels.model = "a b" ', "labels.model = c "]);
  });
});

const curve: Curve = { rows: [0, 1, 2, 3], steps: [0, 2, 1, 3], times: [5e9, 6e9, 7e9, 9e9], values: [4, "NaN", 2, 1] };

describe("a curve", () => {
  it("goes by step or by time, without what is no number", () => {
    expect(pointsOf(curve, "step")).toEqual([[0, 4], [1, 2], [3, 1]]);
    expect(pointsOf(curve, "time")).toEqual([[0, 4], [2, 2], [4, 1]]);
  });

  it("is smoothed without leaning towards zero", () => {
    const points = [[0, 4], [1, 4], [2, 4]] as const;
    expect(smoothed(points, 0.9).map(([, y]) => y)).toEqual([expect.closeTo(4), expect.closeTo(4), expect.closeTo(4)]);
    expect(smoothed(points, 0)).toBe(points);
  });

  it("keeps off logarithmic axes what they cannot show", () => {
    expect(positive([[0, 1], [1, -1], [2, 3]], true, true)).toEqual([[2, 3]]);
  });

  it("grows with the points that come", () => {
    const more = { loss: { rows: [4], steps: [4], times: [10e9], values: [0.5] }, new: curve };
    const all = extended({ loss: curve }, more);
    expect(all["loss"]?.values).toEqual([4, "NaN", 2, 1, 0.5]);
    expect(Object.keys(all)).toEqual(["loss", "new"]);
    expect(lastRow(all)).toBe(4);
    expect(lastRow({})).toBe(-1);
  });
});

it("a comparison has what differs first", () => {
  expect(compared([{ a: "1", b: "2", d: "x" }, { a: "1", b: "3", c: "4", d: "x", e: undefined }])).toEqual([
    { name: "b", values: ["2", "3"], differs: true },
    { name: "c", values: [undefined, "4"], differs: true },
    { name: "a", values: ["1", "1"], differs: false },
    { name: "d", values: ["x", "x"], differs: false },
  ]);
});

it("groups tell how many, and the spread of numbers", () => {
  expect(grouped(["a", "b", "a", null], [[1, 2, 3, "n/a"]])).toEqual([
    { value: "a", runs: 2, spreads: [{ least: 1, mean: 2, most: 3 }] },
    { value: "b", runs: 1, spreads: [{ least: 2, mean: 2, most: 2 }] },
    { value: null, runs: 1, spreads: [null] },
  ]);
});

it("CSV quotes, and disarms formulas but not numbers", () => {
  expect(csv([['a "b", c', "=1+1", "-0.5", undefined, "@x"]])).toBe(`"a ""b"", c",'=1+1,-0.5,,'@x\r\n`);
});
