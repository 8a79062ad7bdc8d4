import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { codeOf } from "./code";
import { sectionsOf } from "./compared";
import { FilterBox } from "./FilterBox";
import { narrowed } from "./Groups";
import { nameOf, nextSort, startColumns, type ColumnName } from "./names";
import { outputLines } from "./outputs";
import { onlyThose } from "./picked";
import type { Run } from "./queries";
import { compareSearch, runsSearch } from "./search";
import { savedViews } from "./viewQueries";

afterEach(cleanup);

describe("an address", () => {
  it("gives what was chosen, also where its values were read as numbers", () => {
    expect(runsSearch({ filter: 3, sort: "-summary.acc", columns: "status,author", runs: ["a", 7], view: "scatter", logX: true, smooth: 0.5 })).toEqual({
      filter: "3",
      sort: "-summary.acc",
      columns: ["status", "author"],
      runs: ["a", "7"],
      view: "scatter",
      logX: true,
      smooth: 0.5,
    });
  });

  it("with nonsense gives nothing", () => {
    expect(runsSearch({ filter: {}, sort: null, columns: 3n, runs: { a: 1 }, view: "evil", logX: "yes", smooth: 2, align: "moon" })).toEqual({});
  });

  it("compares each run once, and no more than eight", () => {
    expect(compareSearch({ runs: "a,b,a", differing: true })).toEqual({ runs: ["a", "b"], differing: true });
    expect(compareSearch({ runs: Array.from({ length: 20 }, (_, index) => `r${index}`) }).runs).toHaveLength(8);
    expect(compareSearch({})).toEqual({ runs: [] });
  });
});

describe("columns", () => {
  const names: ColumnName[] = [
    { kind: "labels", name: "model type", runs: 9 },
    ...Array.from({ length: 30 }, (_, index) => ({ kind: "parameters" as const, name: `p${index}`, runs: 5 })),
  ];

  it("are at the start the most used ones, not all", () => {
    const columns = startColumns(names);
    expect(columns).toHaveLength(3 + 8 + 1);
    expect(columns.at(-1)).toBe('labels."model type"');
  });

  it("sort largest first, then smallest first, then as it was", () => {
    expect(nextSort(undefined, "summary.acc")).toBe("-summary.acc");
    expect(nextSort("-summary.acc", "summary.acc")).toBe("summary.acc");
    expect(nextSort("summary.acc", "summary.acc")).toBeUndefined();
  });

  it("keep of charts only the selected runs", () => {
    const all = { runs: ["a", "b", "c"], columns: { x: [1, 2, 3], y: [null, "t", 0] } };
    expect(onlyThose(all, new Set(["c", "b", "gone"]))).toEqual({ runs: ["b", "c"], columns: { x: [2, 3], y: ["t", 0] } });
  });
});

it("a run is called by the first line of what it says, or by its id", () => {
  expect(nameOf({ id: "0123456789abcdef", description: " First\nmore" })).toBe("First");
  expect(nameOf({ id: "0123456789abcdef", description: " " })).toBe("0123456789abc");
});

it("a group becomes one more condition", () => {
  expect(narrowed("status = failed", "labels.model type", "a b")).toBe('status = failed and labels."model type" = "a b"');
  expect(narrowed(undefined, "author", "ada")).toBe("author = ada");
});

describe("a comparison", () => {
  const run = (id: string, change: Partial<Run>): Run => ({
    id,
    project: "p",
    task: null,
    authority: "workload",
    status: "succeeded",
    description: null,
    error: null,
    workload_file: "train.py",
    author: "ada",
    created: "2026-01-01T00:00:00Z",
    started: null,
    ended: null,
    commit: null,
    parameters: {},
    summary: {},
    labels: {},
    inputs: [],
    outputs: [],
    series: [],
    metadata: {},
    ...change,
  });
  const file = { path: "data.csv", commit: "c".repeat(40), sha256: null, blob: "b".repeat(40), dataset: null, size: null };

  it("tells files apart by what they hold, and leaves out what no run has", () => {
    const sections = sectionsOf([run("a", { inputs: [file] }), run("b", { inputs: [{ ...file, blob: "d".repeat(40) }] })]);
    expect(sections.map(({ title }) => title)).toEqual(["About", "Inputs"]);
    expect(sections[1]?.lines).toEqual([{ name: "data.csv", values: ["b".repeat(12), "d".repeat(12)], differs: true }]);
    expect(sections[0]?.lines.map(({ name }) => name)).toEqual(["Author", "Status", "Workload file"]);
  });
});

describe("what changed between runs", () => {
  const output = (path: string, content: string | null, size: number | null = null) => ({ path, commit: null, sha256: content, blob: null, dataset: null, size });

  it("is the workload first, then other code, then the rest; not what they wrote", () => {
    const changed = ["data.bin", "lib/b.py", "model.bin", "a.ipynb", "train.py"].map((path) => ({ path, change: "modified" as const }));
    const found = codeOf(changed, { outputs: [output("model.bin", "a")] }, { outputs: [output("train.py", "b")], workload_file: "train.py" });
    expect(found.map(({ path }) => path)).toEqual(["train.py", "a.ipynb", "lib/b.py", "data.bin"]);
  });

  it("shows in output files by their hashes: what differs or is missing comes first", () => {
    const lines = outputLines([
      { outputs: [output("same", "s", 3), output("z", "1"), output("unknown", null)] },
      { outputs: [output("z", "2"), output("same", "s", 3), output("new", "n"), output("unknown", null)] },
    ]);
    expect(lines.map(({ path, differs }) => [path, differs])).toEqual([
      ["new", true],
      ["unknown", true],
      ["z", true],
      ["same", false],
    ]);
    expect(lines[0]?.files[0]).toBeUndefined();
  });
});

describe("saved views", () => {
  beforeEach(() => localStorage.clear());

  it("are none where the browser holds something else", () => {
    expect(savedViews("p")).toEqual([]);
    localStorage.setItem("dotscience:views:p", "{broken");
    expect(savedViews("p")).toEqual([]);
    localStorage.setItem("dotscience:views:p", '[{"name": "good", "search": {"filter": "a", "view": "evil"}}, {"name": 3}, null]');
    expect(savedViews("p")).toEqual([{ name: "good", search: { filter: "a" } }]);
  });
});

describe("the filter box", () => {
  const box = (onFilter = vi.fn()) => {
    render(<FilterBox filter={undefined} columns={["parameters.lr", "status"]} valuesOf={() => ["failed"]} error={null} onFilter={onFilter} />);
    return { input: screen.getByRole<HTMLInputElement>("combobox"), onFilter };
  };
  const type = (input: HTMLInputElement, value: string) => fireEvent.change(input, { target: { value } });

  it("takes a completion by keyboard and filters with the next Enter", () => {
    const { input, onFilter } = box();
    type(input, "sta");
    fireEvent.keyDown(input, { key: "ArrowDown" });
    expect(screen.getByRole("option", { name: "status" }).getAttribute("aria-selected")).toBe("true");
    fireEvent.keyDown(input, { key: "Enter" });
    expect(input.value).toBe("status ");
    type(input, "status = fa");
    fireEvent.mouseDown(screen.getByRole("option", { name: "failed" }));
    expect(input.value).toBe("status = failed ");
    fireEvent.submit(input.form!);
    expect(onFilter).toHaveBeenCalledExactlyOnceWith("status = failed");
  });

  it("offers nothing after Escape, and no filter when it is empty", () => {
    const { input, onFilter } = box();
    type(input, "par");
    fireEvent.keyDown(input, { key: "Escape" });
    expect(input.getAttribute("aria-expanded")).toBe("false");
    type(input, "  ");
    fireEvent.submit(input.form!);
    expect(onFilter).toHaveBeenCalledExactlyOnceWith(undefined);
  });
});
