import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

it("says that the hub cannot be reached, where nothing answers", async () => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
  const { api, Problem } = await import("./api");
  const failed = await api.GET("/projects").then(
    () => null,
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(Problem);
  expect((failed as InstanceType<typeof Problem>).message).toContain("cannot be reached");
});
