import { clock } from "@dotscience/ui/charts";
import { describe, expect, it, vi } from "vitest";

import { chartsOf, countOf, sentenceOf, usageIn, usageOf, type Used } from "./measures";

vi.mock("@dotscience/ui/charts", async () => await import("../../../ui/src/charts/LevelChart"));
vi.mock("echarts/core", () => ({ use: () => undefined, init: () => undefined }));

const used = (levels: Partial<Used>): Used => {
  const none = (levels.times ?? []).map(() => null);
  return { step: 2, times: [], cpus: none, memory: none, gpus: none, gpu_memory: none, read: none, written: none, received: none, sent: none, ...levels };
};
const NOTHING = { cpu_seconds: null, peak_memory: null, mean_cpus: null, mean_gpus: null, peak_gpu_memory: null, out_of_memory: false };
const task = (usage: object, resources: object = {}) =>
  ({ execution: { usage: { ...NOTHING, ...usage }, machine: { gpus: ["a", "b"] } }, resources: { cpus: null, memory: null, gpus: 0, ...resources } }) as never;

describe("what a task used", () => {
  it("is one line", () => {
    expect(sentenceOf({ peak_memory: 3.1e9, mean_cpus: 1.94 }, 4e9)).toBe("Peak memory 3.1 GB of 4.0 GB, 1.9 CPU cores on average");
    expect(sentenceOf({ mean_cpus: 0, mean_gpus: 0.5, peak_gpu_memory: 2e9 }, null)).toBe("0 CPU cores on average, 0.5 GPUs on average, peak GPU memory 2.0 GB");
    expect(sentenceOf({}, 4e9)).toBe("");
  });

  it("is what was sampled until the runner tells", () => {
    const samples = used({ times: [0, 2, 4], cpus: [null, 1, 2], memory: [1e6, 5e6, 2e6] });
    expect(usageOf(task({}), samples)).toMatchObject({ peak_memory: 5e6, mean_cpus: 1.5, mean_gpus: null });
    expect(usageOf(task({ peak_memory: 7e6, mean_cpus: 3 }), samples)).toMatchObject({ peak_memory: 7e6, mean_cpus: 3 });
  });

  it("is in a run's metadata when the task is gone", () => {
    const metadata = { "exec.ram": "1000000", "exec.cpu-seconds": "15", "exec.start": "20260102T030405.5", "exec.end": "20260102T030415.500000001" };
    expect(usageIn(metadata)).toEqual({ peak_memory: 1e6, mean_cpus: 1.5 });
    expect(usageIn({ "exec.ram": "-1", "exec.cpu-seconds": "-1" })).toEqual({});
    expect(usageIn({})).toEqual({});
  });

  it("is drawn as far as there is anything, with its limits", () => {
    const plain = chartsOf(task({}, { memory: 4e9, cpus: 2 }), used({ times: [0, 2], cpus: [1, 1], memory: [1, 2], read: [0, 0], written: [0, 0] }));
    expect(plain.map(({ title, limit }) => [title, limit])).toEqual([["CPU cores", 2], ["Memory", 4e9]]);
    const gpu = chartsOf(task({}, { gpus: -1 }), used({ times: [0], cpus: [1], memory: [1], gpus: [0], gpu_memory: [9], received: [1], sent: [0] }));
    expect(gpu.map(({ title, limit }) => [title, limit])).toEqual([["CPU cores", undefined], ["Memory", undefined], ["GPUs", 2], ["GPU memory", undefined], ["Network", undefined]]);
  });

  it("has numbers that can be read", () => {
    expect([0.0512, 1.94, 12.34, 128].map(countOf)).toEqual(["0.051", "1.9", "12.3", "128"]);
    expect([0, 65, 3600, 90_061].map(clock)).toEqual(["0:00", "1:05", "1:00:00", "25:01:01"]);
  });
});
