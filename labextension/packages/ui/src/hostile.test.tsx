// @vitest-environment happy-dom
/** What JupyterLab's panel and the hub's pages share, with the corpus of hostile texts that the pages are tried with. */
import { cleanup, render } from "@testing-library/react";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";

import { NotebookDiff, RunCard, type RecordedRun, type Standing, StandingView } from "./index";

afterEach(cleanup);

// Tests run in labextension/.
const CORPUS = JSON.parse(readFileSync("../tests/browser/payloads.json", "utf8")) as Record<string, string>;
const NEVER = "script, img, svg, iframe, object, embed, style, link, meta, base, form, input, video, marquee, math, [onload], [onerror], [style], a[href^=j]";

/** Whether a text stands there as text, and nothing of it became an element. */
function checkText(container: HTMLElement, text: string): void {
  expect(container.querySelectorAll(NEVER)).toHaveLength(0);
  expect(container.textContent).toContain(text);
}

describe.each(Object.entries(CORPUS))("%s", (_, text) => {
  it("is text on a card of a run", () => {
    const run: RecordedRun = {
      id: text, authority: "workload", description: text, error: text, workload_file: text,
      parameters: { [text]: text }, summary: { [text]: text }, labels: { [text]: text }, inputs: [text], outputs: [text],
    };
    checkText(render(<RunCard run={run} time="2026-01-01T00:00:00Z" onOpenFile={() => undefined} />).container, text);
  });

  it("is text where the workspace's state is told", () => {
    const standing: Standing = {
      state: "conflict", message: text, project: text, project_name: text, branch: text, commit: null, committed: null,
      queued: 1, conflicts: [text], skipped: [text],
    };
    const shown = { changed: [{ path: text, kind: "changed" as const }], moreChanged: 0, unclaimed: [text], moreUnclaimed: 0 };
    checkText(render(<StandingView standing={standing} {...shown} onOpenFile={() => undefined} />).container, text);
  });

  it("is text in a notebook's differences", () => {
    const cell = { change: "changed" as const, type: "code", source: [["+", text] as const], outputs: [["-", text] as const] };
    checkText(render(<NotebookDiff cells={[cell]} />).container, text);
  });
});
