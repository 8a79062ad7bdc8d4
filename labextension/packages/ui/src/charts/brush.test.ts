import { describe, expect, it } from "vitest";

import { asFilter, axisOf, placeOn, within } from "./brush";

const quote = (text: string) => `"${text}"`;

describe("an axis", () => {
  it("has numbers where all values are, texts in order otherwise", () => {
    expect(axisOf("lr", [1, null, 2])).toEqual({ id: "lr", texts: null, log: false });
    expect(axisOf("lr", [0.0001, 0.5]).log).toBe(true);
    expect(axisOf("lr", [0, 1000]).log).toBe(false);
    const axis = axisOf("layers", ["x10", "x9", 3, null]);
    expect(axis.texts).toEqual(["3", "x9", "x10"]);
    expect(placeOn(axis, "x9")).toBe(1);
    expect(placeOn(axis, null)).toBeNaN();
  });
});

describe("what is chosen on axes", () => {
  it("keeps the runs within all of it", () => {
    expect(within([1, 5], [[[0, 2]], []])).toBe(true);
    expect(within([3, 5], [[[0, 2]], []])).toBe(false);
    expect(within([NaN, 5], [[[0, 2]], []])).toBe(false);
    expect(within([3, 5], [[[0, 2], [3, 4]], [[5, 5]]])).toBe(true);
  });

  it("is a filter where a conjunction can say it", () => {
    const axes = [axisOf("summary.acc", [1]), axisOf("labels.m", ["a", "b"])];
    expect(asFilter(axes, [[[0.123456789, 1]], [[0.6, 1.4]]], quote)).toBe('summary.acc >= 0.123457 and summary.acc <= 1 and labels.m = "b"');
    expect(asFilter(axes, [[], [[0, 1]]], quote)).toBeUndefined();
    expect(asFilter(axes, [[[0, 1], [2, 3]], []], quote)).toBeUndefined();
  });
});
