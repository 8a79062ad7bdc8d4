import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider, createMemoryHistory } from "@tanstack/react-router";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const PREFIX = "/services/dotscience/";
const { answers, asked } = vi.hoisted(() => {
  const meta = document.createElement("meta");
  meta.name = "dotscience";
  meta.content = JSON.stringify({ prefix: "/services/dotscience/", hub: "/hub/", url: "https://hub.example.org", user: "ada" });
  document.head.append(meta);
  const answers: Record<string, unknown> = {};
  const asked: string[] = [];
  // Before the client is made, which keeps the fetch it finds.
  globalThis.fetch = (async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.slice("/services/dotscience/api".length);
    asked.push(`${request.method} ${path}${search}${request.method === "GET" ? "" : ` ${await request.text()}`}`);
    const answer = answers[`${request.method} ${path}`] ?? answers[path];
    return answer === undefined ? Response.json({ message: `No ${path} here` }, { status: 404 }) : Response.json(answer);
  }) as typeof fetch;
  return { answers, asked };
});

import { makeRouter } from "./router";

const page = (...items: unknown[]) => ({ items, next: null });
const project = (more: object) => ({
  id: "p1", name: "digits", description: "", owner: "ada", role: "owner", created: "2026-01-01T00:00:00Z", collaborators: [], datasets: [], ...more,
}); // prettier-ignore
const task = { id: "t1", project: "p1", project_name: "digits", status: "running", runner_name: null, creator: "ada", created: "2026-01-01T00:00:00Z", workload: { kind: "command", command: ["python", "<b>train</b>.py"] } }; // prettier-ignore

beforeEach(() => {
  vi.stubGlobal("scrollTo", () => undefined);
});

afterEach(() => {
  cleanup();
  asked.length = 0;
  for (const path of Object.keys(answers)) delete answers[path];
});

function visit(path: string): void {
  const router = makeRouter(createMemoryHistory({ initialEntries: [PREFIX + path] }));
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
}

describe("the page of projects", () => {
  it("says the next step, with this hub's address, where there is none", async () => {
    answers["/projects"] = page();
    visit("");
    expect((await screen.findByText(/You have no projects yet/)).parentElement?.textContent).toContain(
      "ds set server-url https://hub.example.org",
    );
  });

  it("tells whose each is and who shares it", async () => {
    answers["/projects"] = page(project({ collaborators: [{ user: "eve", role: "writer" }] }), project({ id: "p2", name: "theirs", owner: "eve" }));
    visit("");
    const cells = async (name: string) =>
      within((await screen.findByRole("rowheader", { name })).closest("tr")!).getAllByRole("cell").map((cell) => cell.textContent);
    expect((await cells("digits")).slice(0, 2)).toEqual(["you", "eve"]);
    expect((await cells("theirs")).slice(0, 2)).toEqual(["eve", "nobody"]);
  });

  it("makes one only of a name that is there", async () => {
    answers["/projects"] = page();
    answers["POST /projects"] = project({});
    answers["/projects/p1"] = project({});
    visit("");
    fireEvent.click(await screen.findByRole("button", { name: "New project" }));
    const dialog = await screen.findByRole("dialog");
    const create = within(dialog).getByRole("button", { name: "Create" }) as HTMLButtonElement;
    expect(create.disabled).toBe(true);
    fireEvent.change(within(dialog).getByLabelText("Name"), { target: { value: " digits " } });
    fireEvent.click(create);
    await vi.waitFor(() => expect(asked.find((one) => one.startsWith("POST"))).toContain('"name":"digits"'));
  });
});

describe("the page of tasks", () => {
  it("shows a command as text, and asks for the status that stands in the address", async () => {
    answers["/tasks"] = page(task);
    visit("tasks?status=running");
    expect((await screen.findByRole("link", { name: "python '<b>train</b>.py'" })).getAttribute("href")).toContain("tasks/t1");
    expect(asked.some((one) => one.startsWith("GET /tasks?") && one.includes("status=running"))).toBe(true);
    expect((screen.getByLabelText("Status") as HTMLSelectElement).value).toBe("running");
  });

  it.each([
    ["reader", false],
    ["writer", true],
  ])("lets a %s start some: %s", async (role, may) => {
    answers["/projects/p1"] = project({ role });
    answers["/tasks"] = page(task);
    visit("projects/p1/tasks");
    await screen.findByRole("link", { name: /train/ });
    await screen.findByText("digits");
    if (may) await screen.findByRole("link", { name: "Start" });
    else expect(screen.queryByRole("link", { name: "Start" })).toBeNull();
  });

  it("says why there is nothing, where the hub refuses", async () => {
    visit("tasks");
    expect((await screen.findByRole("alert")).textContent).toBe("No /tasks here");
  });
});

describe("the page of runners", () => {
  it("leads to one's own, and only names those of others", async () => {
    const runner = { id: "r1", name: "mine", description: "", owner: "ada", status: "online", running_tasks: 2, type: "cpu", labels: { gpu: "a100" }, storage: 100, last_seen: null }; // prettier-ignore
    answers["/runners"] = page(runner, { ...runner, id: "r2", name: "theirs", owner: "eve" });
    visit("runners");
    const row = (await screen.findByRole("link", { name: "mine" })).closest("tr")!;
    expect(within(row).getAllByRole("cell").map((cell) => cell.textContent.trim())).toEqual(["online", "2", "cpu", "gpu=a100", "100 GB", "never"]);
    expect(screen.getByText("theirs (shared)").tagName).not.toBe("A");
  });
});
