import { describe, expect, it } from "vitest";

import { EMPTY, spawnAddress, wishOf } from "./wish";
import { environment, labels, memory, Mistyped, shellWords } from "./words";

describe("a command", () => {
  it.each([
    ["python train.py --epochs 10", ["python", "train.py", "--epochs", "10"]],
    ["  sh -c 'make && ./fit'\n", ["sh", "-c", "make && ./fit"]],
    [`echo "a \\"b\\" \\n $HOME" it\\'s`, ["echo", 'a "b" \\n $HOME', "it's"]],
    [`a'b'"c"d`, ["abcd"]],
    [`x '' ""`, ["x", "", ""]],
    ["a \\\n b", ["a", "b"]],
    ["   ", []],
  ])("is split as a shell does: %j", (text, words) => expect(shellWords(text)).toEqual(words));

  it.each(["echo 'a", 'echo "a\\"', "echo a\\"])("that does not end is refused: %j", (text) => expect(() => shellWords(text)).toThrow(Mistyped));
});

describe("sizes, names and values", () => {
  it.each([
    ["512m", 512 * 1024 ** 2],
    [" 1.5 GiB ", 1.5 * 1024 ** 3],
    ["8g", 8 * 1024 ** 3],
    ["6291456", 6291456],
    ["7000000b", 7000000],
    ["", null],
  ])("read %j as ds run does", (text, bytes) => expect(memory(text)).toBe(bytes));

  it.each(["5m", "much", "-1g", "1e9"])("refuse the size %j", (text) => expect(() => memory(text)).toThrow(/^Memory: /));

  it("keep values as they were typed, signs and spaces too", () => {
    expect(environment("A=1\n\n B= two = 2 \r\nC=")).toEqual({ A: "1", B: " two = 2 ", C: "" });
    expect(labels("site=berlin,fast  a/b=c=d")).toEqual({ site: "berlin", fast: "", "a/b": "c=d" });
  });

  it.each(["NAME", "1A=x", "A B=x", "=x"])("refuse %j as a variable", (text) => expect(() => environment(text)).toThrow(/^Environment: /));
  it.each(["-a", "=x", "a$b"])("refuse %j as a label", (text) => expect(() => labels(text)).toThrow(/^Runner labels: /));
});

describe("what is started", () => {
  it("has the defaults of ds run", () => {
    expect(wishOf({ ...EMPTY, command: "true" })).toEqual({
      workload: { kind: "command", command: ["true"], image: "python:3", environment: {}, repository: null },
      labels: {},
      resources: { cpus: null, memory: null, gpus: 0 },
      commit: null,
      sealed_environment: {},
    });
  });

  it("is all that was typed", () => {
    const wish = wishOf({ command: "a b", image: " torch:2 ", labels: "x", cpus: "0.5", memory: "1g", gpus: "-1", environment: "S=1" });
    expect(wish.workload).toEqual({ kind: "command", command: ["a", "b"], image: "torch:2", environment: { S: "1" }, repository: null });
    expect([wish.labels, wish.resources]).toEqual([{ x: "" }, { cpus: 0.5, memory: 1024 ** 3, gpus: -1 }]);
  });

  it.each([
    [{ command: " " }, "The command is missing"],
    [{ command: "''" }, "The command is missing"],
    [{ cpus: "0" }, "CPU cores"],
    [{ cpus: "two" }, "CPU cores"],
    [{ gpus: "1.5" }, "GPUs"],
    [{ gpus: "-2" }, "GPUs"],
  ])("is nothing when a field is wrong: %j", (change, words) => expect(() => wishOf({ ...EMPTY, command: "true", ...change })).toThrow(words));

  it("as JupyterLab goes by the hub's own page, with the options of its form", () => {
    const address = spawnAddress("/hub/", "a b", "t-abc", "0190", { ...EMPTY, image: "lab:1", labels: "x=1 y", memory: "4g" });
    const url = new URL(address, "http://hub.example");
    expect(url.pathname).toBe("/hub/spawn/a%20b/t-abc");
    expect([...url.searchParams]).toEqual([
      ["opt-project", "0190"],
      ["opt-image", "lab:1"],
      ["opt-labels", "x=1 y"],
      ["opt-memory", "4g"],
    ]);
    expect(() => spawnAddress("/hub/", "a", "t", "p", { ...EMPTY, memory: "lots" })).toThrow(Mistyped);
  });
});
