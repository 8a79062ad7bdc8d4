import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import type { Dataset, SyncStatus } from "./queries";
import { Sync } from "./Sync";

afterEach(cleanup);

const status = (more: Partial<SyncStatus>): SyncStatus => ({
  state: "syncing",
  message: "",
  objects_done: 0,
  objects_total: null,
  bytes_done: 0,
  bytes_total: null,
  requested: null,
  started: null,
  ended: null,
  succeeded: null,
  ...more,
});
const dataset = (sync: SyncStatus | null, head: string | null = null) => ({ sync, head }) as Dataset;

describe("a synchronisation", () => {
  it("counts what it finds, then shows how far it is", () => {
    const { rerender, container } = render(<Sync of={dataset(status({ objects_done: 7 }))} />);
    expect(container.textContent).toContain("7 files found");
    rerender(<Sync of={dataset(status({ objects_done: 1, objects_total: 4, bytes_done: 500, bytes_total: 2000 }))} />);
    expect(container.textContent).toContain("1 of 4 files, 500 B of 2.0 kB");
    expect(screen.getByRole("progressbar", { name: "Synchronised" }).getAttribute("value")).toBe("500");
  });

  it("says why it failed, as text", () => {
    const { container } = render(<Sync of={dataset(status({ state: "failed", message: "No <b>access</b>." }))} />);
    expect(container.querySelector(".ds-error")?.textContent).toBe("No <b>access</b>.");
  });

  it("is nothing where people send the files", () => {
    expect(render(<Sync of={dataset(null)} />).container.textContent).toBe("no files yet");
  });
});
