// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { cellsOf, duration, Files, NotebookDiff, type RecordedRun, RunCard, split, type Standing, StandingView, Values } from "./index";

afterEach(cleanup);

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const RUN: RecordedRun = {
  id: "44b1561f-3c1c-4432-9435-b3ddb567b400",
  authority: "workload",
  description: "first",
  error: null,
  workload_file: "train.ipynb",
  parameters: { lr: "0.1" },
  summary: { accuracy: "0.9" },
  labels: {},
  inputs: [`a@b.csv@${COMMIT}`],
  outputs: ["model.bin"],
};

describe("duration", () => {
  it.each([
    [-5, "Less than a second"],
    [1.9, "1 second"],
    [59, "59 seconds"],
    [60, "About a minute"],
    [150, "2 minutes"],
    [3600, "About an hour"],
    [5400, "2 hours"],
    [47.4 * 3600, "47 hours"],
    [48 * 3600, "2 days"],
    [14 * 86400, "2 weeks"],
    [60 * 86400, "2 months"],
    [730 * 86400, "2 years"],
  ])("says %s seconds as ds does", (seconds, words) => expect(duration(seconds)).toBe(words));
});

describe("a card of a run", () => {
  it("shows what was recorded, and opens its files", () => {
    const opened: string[] = [];
    render(<RunCard run={RUN} time="2026-01-01T00:00:00Z" onOpenFile={(path) => opened.push(path)} />);
    expect(screen.getByRole("article", { name: "Run first" }).textContent).toContain("accuracy0.9");
    fireEvent.click(screen.getByRole("button", { name: "a@b.csv" }));
    expect(opened).toEqual(["a@b.csv"]);
  });

  it("shows markup in names and values as text", () => {
    const hostile = '<img src=x onerror="window.hit=1">';
    const run = { ...RUN, description: hostile, parameters: { [hostile]: hostile }, outputs: [hostile] };
    const { container } = render(<RunCard run={run} time="2026-01-01T00:00:00Z" />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain(hostile);
  });

  it("says what to do about files that no run claims", () => {
    render(<RunCard run={{ ...RUN, authority: "correction", description: null }} time="2026-01-01T00:00:00Z" />);
    expect(screen.getByText(/ds.output/)).toBeTruthy();
  });
});

describe("what others have changed", () => {
  const standing: Standing = {
    state: "pushed", message: "", project: "p", project_name: "roads", branch: "main", commit: COMMIT, committed: null,
    queued: 0, conflicts: [], skipped: [],
  };
  const nothing = { changed: [], moreChanged: 0, unclaimed: [], moreUnclaimed: 0 };
  const incoming = [{ path: "a.txt", kind: "changed" as const }, { path: "b.txt", kind: "deleted" as const }];

  it("is listed, and comes at a click", () => {
    let clicks = 0;
    render(<StandingView standing={standing} {...nothing} incoming={incoming} moreIncoming={3} onTakeIn={() => (clicks += 1)} />);
    const section = screen.getByRole("heading", { name: "Changed by others" }).parentElement;
    expect(section?.textContent).toContain("M a.txtD b.txt");
    expect(section?.textContent).toContain("3 more files");
    fireEvent.click(screen.getByRole("button", { name: "Take in changes" }));
    expect(clicks).toBe(1);
  });

  it("is not offered while there is nothing, or a conflict comes first", () => {
    const { rerender } = render(<StandingView standing={standing} {...nothing} onTakeIn={() => {}} />);
    expect(screen.queryByRole("button", { name: "Take in changes" })).toBeNull();
    const fought: Standing = { ...standing, state: "conflict", conflicts: ["a.txt"] };
    rerender(<StandingView standing={fought} {...nothing} incoming={incoming} onTakeIn={() => {}} onResolve={() => {}} />);
    expect(screen.queryByRole("button", { name: "Take in changes" })).toBeNull();
    expect(screen.getByRole("button", { name: "Take theirs" })).toBeTruthy();
  });
});

describe("lists", () => {
  it("show ten, and all when asked", () => {
    render(<Files title="Outputs" files={Array.from({ length: 12 }, (_, index) => `f${index}`)} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
    fireEvent.click(screen.getByRole("button", { name: "… and 2 more" }));
    expect(screen.getAllByRole("listitem")).toHaveLength(12);
  });

  it("are not there when they are empty", () => {
    const { container } = render(<Values title="Parameters" values={{}} />);
    expect(container.innerHTML).toBe("");
  });

  it("tell a version from an @ of a name", () => {
    expect(split("a@b")).toEqual(["a@b", undefined]);
    expect(split(`a@b@${COMMIT}`)).toEqual(["a@b", COMMIT]);
  });
});

describe("a notebook's diff", () => {
  const cell = (source: string, ...outputs: object[]) => ({ cell_type: "code", source, outputs });
  const base = { cells: [cell("a = 1\nb = 2\n"), cell("same"), cell("gone"), cell("print(1)", { output_type: "stream", text: "1\n" })] };
  const diff = [
    {
      op: "patch" as const,
      key: "cells",
      diff: [
        { op: "patch" as const, key: 0, diff: [{ op: "patch" as const, key: "source", diff: [
          { op: "patch" as const, key: 1, diff: [{ op: "addrange" as const, key: 4, valuelist: "3" }, { op: "removerange" as const, key: 4, length: 1 }] },
          { op: "addrange" as const, key: 2, valuelist: ["c = 4"] },
        ] }] },
        { op: "addrange" as const, key: 2, valuelist: [cell("new")] },
        { op: "removerange" as const, key: 2, length: 1 },
        { op: "patch" as const, key: 3, diff: [{ op: "replace" as const, key: "execution_count", value: 7 }, { op: "patch" as const, key: "outputs", diff: [
          { op: "patch" as const, key: 0, diff: [{ op: "patch" as const, key: "text", diff: [{ op: "addrange" as const, key: 0, valuelist: ["2\n"] }, { op: "removerange" as const, key: 0, length: 1 }] }] },
        ] }] },
      ],
    },
  ];

  it("tells what became of each cell, line by line", () => {
    expect(cellsOf(base, diff)).toEqual([
      { change: "changed", type: "code", outputs: [], source: [[" ", "a = 1"], ["-", "b = 2"], ["+", "b = 3"], ["+", "c = 4"]] },
      { change: "same", type: "code", source: [], outputs: [] },
      { change: "added", type: "code", source: [["+", "new"]], outputs: [] },
      { change: "removed", type: "code", source: [["-", "gone"]], outputs: [] },
      { change: "changed", type: "code", source: [[" ", "print(1)"]], outputs: [["+", "2"], ["-", "1"]] },
    ]);
  });

  it("counts a cell that was only executed again as the same", () => {
    const again = [{ op: "patch" as const, key: "cells", diff: [{ op: "patch" as const, key: 1, diff: [{ op: "replace" as const, key: "execution_count", value: 2 }] }] }];
    expect(cellsOf(base, again).every((one) => one.change === "same")).toBe(true);
    render(<NotebookDiff cells={cellsOf(base, again)} />);
    expect(screen.getByText("The two versions hold the same cells.")).toBeTruthy();
  });

  it("is shown with unchanged cells counted, and what was added and removed marked as such", () => {
    const { container } = render(<NotebookDiff cells={cellsOf(base, diff)} />);
    expect(screen.getByText("1 unchanged cell")).toBeTruthy();
    expect([...container.querySelectorAll("ins")].map((line) => line.textContent)).toContain("+ b = 3\n");
    expect([...container.querySelectorAll("del")].map((line) => line.textContent)).toContain("- gone\n");
  });
});
