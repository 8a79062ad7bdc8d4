import { describe, expect, it } from "vitest";

import { differenceOf, type Made } from "./differing";
import type { Run } from "./queries";
import type { Recipe } from "./repetition";

const output = (path: string, sha256: string) => ({ path, sha256, blob: null, commit: null, dataset: null, size: 1 });
const made = (run: Partial<Run>, recipe: Partial<Recipe> | null = {}, digest = "sha256:a"): Made => ({
  run: { status: "succeeded", error: null, parameters: {}, summary: {}, labels: {}, inputs: [], outputs: [], ...run } as Run,
  recipe:
    recipe === null
      ? null
      : ({
          workload: { kind: "command", command: ["train"], environment: { SEED: "1" } },
          commit: "c".repeat(40),
          datasets: [],
          runner_name: null,
          execution: { image_digest: digest, repository_commit: null, backend: "docker", machine: { hostname: "h", platform: "", platform_version: "", cpus: [], gpus: [], memory: 0 } },
          ...recipe,
        } as unknown as Recipe),
});
const differing = (first: Made, second: Made) =>
  differenceOf(first, second).parts.flatMap(({ title, lines }) => lines.filter((line) => line.differs).map(({ name }) => `${title}: ${name}`));

describe("a repeated run", () => {
  it("that came out the same says how much is equal", () => {
    const one = made({ summary: { acc: "0.9" }, outputs: [output("m", "1"), output("n", "2")] });
    expect(differenceOf(one, one)).toMatchObject({ same: true, verdict: "It came out the same: 2 output files and 1 summary, all equal." });
    expect(differing(one, one)).toEqual([]);
  });

  it("that did not says what differs, by the whole hash and not its start", () => {
    const hash = "ab".repeat(31);
    const first = made({ summary: { acc: "0.9", loss: "1" }, outputs: [output("m", `${hash}01`)] });
    const second = made({ summary: { acc: "0.8", loss: "1" }, outputs: [output("m", `${hash}02`), output("new", "x")] });
    const found = differenceOf(first, second);
    expect(found).toMatchObject({ same: false, verdict: "It did not come out the same: 2 of 2 output files and 1 of 2 summaries differ." });
    expect(differing(first, second)).toEqual(["Output files: m", "Output files: new", "Summary: acc"]);
  });

  it("on another machine, in another image, from other data, with another parameter says so", () => {
    const first = made({ parameters: { lr: "1" } }, { runner_name: "a", datasets: [{ dataset: "d", name: "n", path: "data", commit: "1".repeat(40) }] });
    const second = made({ parameters: { lr: "2" } }, { runner_name: "b", datasets: [{ dataset: "d", name: "n", path: "data", commit: "2".repeat(40) }] }, "sha256:b");
    expect(differing(first, second)).toEqual([
      "Parameters: lr",
      "Code, data and environment: Dataset n at data",
      "Image and machine: Image digest",
      "Image and machine: Runner",
    ]);
  });

  it("that failed where the first did not is no equal one", () => {
    expect(differenceOf(made({}), made({ status: "failed", error: "boom" })).same).toBe(false);
    expect(differenceOf(made({}), made({})).verdict).toContain("Neither");
    expect(differenceOf(made({}, null), made({}, null)).parts).toHaveLength(8);
  });
});
