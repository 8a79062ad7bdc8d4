import { QueryClient, QueryObserver, InfiniteQueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { wordsFor } from "../shell/Connection";
import { Refresher } from "./refresh";
import { ChangeSocket, type Link, type Notice } from "./socket";
import { keysOf } from "./topics";

class FakeSocket {
  static made: FakeSocket[] = [];
  readonly sent: string[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  say(at: string, ...notices: Notice[]): void {
    this.onmessage!({ data: JSON.stringify({ at, notices }) });
  }
}

const last = () => FakeSocket.made.at(-1)!;
const show = (state: "visible" | "hidden") => {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
};

describe("the connection", () => {
  const links: Link[] = [];
  const heard: Notice[] = [];
  let socket: ChangeSocket;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.spyOn(Math, "random").mockReturnValue(1);
    FakeSocket.made = [];
    links.length = heard.length = 0;
    const onNotices = (notices: readonly Notice[]) => heard.push(...notices);
    socket = new ChangeSocket({ url: "ws://hub/changes", xsrf: "x", since: "e.1", onNotices, onLink: (link) => links.push(link) });
    socket.start();
  });

  afterEach(() => {
    socket.stop();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("says which page it is and from where on it wants to hear, and passes on what it hears", () => {
    last().onopen!();
    expect(last().sent).toEqual(['{"xsrf":"x","since":"e.1"}']);
    last().say("e.2");
    expect([links, heard]).toEqual([["connected"], []]);
    last().say("e.3", { kind: "runs", project: "p" });
    expect(heard).toEqual([{ kind: "runs", project: "p" }]);
  });

  it("comes back after cuts, later each time, from where it was", () => {
    last().say("e.7");
    for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]) {
      const count = FakeSocket.made.length;
      last().onclose!({ code: 1006 });
      vi.advanceTimersByTime(pause - 1);
      expect(FakeSocket.made.length).toBe(count);
      vi.advanceTimersByTime(1);
      expect(FakeSocket.made.length).toBe(count + 1);
    }
    expect(links.at(-1)).toBe("lost");
    last().onopen!();
    expect(JSON.parse(last().sent[0]!)).toEqual({ xsrf: "x", since: "e.7" });
    last().say("e.9");
    expect(links.at(-1)).toBe("connected");
    last().onclose!({ code: 1001 });
    vi.advanceTimersByTime(1_000);
    last().say("f.1");
  });

  it("takes one for dead that says nothing, or is never made", () => {
    last().say("e.2");
    const silent = last();
    vi.advanceTimersByTime(44_000);
    silent.say("e.2");
    vi.advanceTimersByTime(44_000);
    expect(links).toEqual(["connected"]);
    vi.advanceTimersByTime(1_000);
    expect([links, silent.closed]).toEqual([["connected", "lost"], true]);
    silent.say("e.3", { kind: "secrets" });
    expect(heard).toEqual([]);
  });

  it("does not come back when the login has ended", () => {
    last().onclose!({ code: 4401 });
    vi.advanceTimersByTime(600_000);
    expect([links, FakeSocket.made.length]).toEqual([["ended"], 1]);
  });

  it("closes in a tab that nobody sees, and comes back with it", () => {
    last().say("e.2");
    show("hidden");
    vi.advanceTimersByTime(4_000);
    show("visible");
    expect(FakeSocket.made.length).toBe(1);
    show("hidden");
    vi.advanceTimersByTime(600_000);
    expect([links.at(-1), last().closed, FakeSocket.made.length]).toEqual(["asleep", true, 1]);
    show("visible");
    expect(FakeSocket.made.length).toBe(2);
    last().onopen!();
    expect(JSON.parse(last().sent[0]!).since).toBe("e.2");
  });

  it("tries at once when the network is back", () => {
    last().onclose!({ code: 1006 });
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.made.length).toBe(2);
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.made.length).toBe(2);
  });
});

describe("what a change makes old", () => {
  it("is each thing once", () => {
    const runs: Notice = { kind: "runs", project: "p", run: "r" };
    const keys = keysOf([runs, runs, { kind: "points", project: "p", run: "r" }]);
    expect(keys).toContainEqual(["run", "p", "r"]);
    expect(keys.filter((key) => key[0] === "runs")).toEqual([["runs", "p"]]);
    expect(keysOf([{ kind: "tasks", project: "p" }])).toContainEqual(["task"]);
  });

  it("is everything where the hub says so, and nothing where it says what this page does not know", () => {
    expect(keysOf([{ kind: "secrets" }, { kind: "everything" }])).toEqual([[]]);
    expect(keysOf([{ kind: "models" } as unknown as Notice])).toEqual([]);
  });
});

describe("asking again", () => {
  const answered = (): { queries: QueryClient; answers: () => number; ask: (key: unknown[], more?: object) => () => void } => {
    const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    let count = 0;
    const queryFn = async () => ((count += 1), await new Promise((resolve) => setTimeout(resolve, 100)), count);
    const ask = (queryKey: unknown[], more = {}) => new QueryObserver(queries, { queryKey, queryFn, ...more }).subscribe(() => {});
    return { queries, answers: () => count, ask };
  };

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("happens once however often it is told, and once more for what came meanwhile", async () => {
    const { queries, answers, ask } = answered();
    ask(["runs", "p", "filter"]);
    await vi.advanceTimersByTimeAsync(200);
    const refresher = new Refresher(queries);
    for (let turn = 0; turn < 50; turn++) refresher.refresh(["runs", "p"]);
    await vi.advanceTimersByTimeAsync(90);
    expect(answers()).toBe(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers()).toBe(3);
    refresher.refresh(["runs", "other"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers()).toBe(3);
  });

  it("follows a first answer that was on its way when the change came", async () => {
    const { queries, answers, ask } = answered();
    ask(["runs", "p"]);
    new Refresher(queries).refresh(["runs"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers()).toBe(2);
  });

  it("leaves alone what can never change, and what nobody looks at until they do", async () => {
    const { queries, answers, ask } = answered();
    ask(["files", "content"], { staleTime: Infinity });
    const stop = ask(["files", "tree"]);
    await vi.advanceTimersByTimeAsync(200);
    stop();
    new Refresher(queries).refresh([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers()).toBe(2);
    ask(["files", "tree"], { staleTime: 60_000 });
    await vi.advanceTimersByTimeAsync(200);
    expect(answers()).toBe(3);
  });

  it("does not ask anew for thousands of rows that somebody has read on to", async () => {
    const queries = new QueryClient();
    let count = 0;
    const queryFn = async () => ((count += 1), { items: Array.from({ length: 400 }) });
    const pages = new InfiniteQueryObserver(queries, { queryKey: ["runs"], queryFn, initialPageParam: 0, getNextPageParam: () => 1 });
    pages.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(10);
    new Refresher(queries).refresh(["runs"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(count).toBe(2);
    await pages.fetchNextPage();
    new Refresher(queries).refresh(["runs"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(count).toBe(3);
  });
});

describe("what people are told of the connection", () => {
  it("is nothing while all is well", () => {
    for (const link of ["connecting", "connected", "asleep"] as const) expect(wordsFor(link, "there")).toBe("");
  });

  it("tells a hub that is away from one that only tells nothing, and from a login that has ended", () => {
    expect(wordsFor("lost", "unknown")).toBe("Not connected. Trying again…");
    expect(wordsFor("connected", "away")).toBe("Not connected. Trying again…");
    expect(wordsFor("lost", "there")).toContain("every 15 seconds");
    expect(wordsFor("ended", "there")).toContain("login has ended");
    expect(wordsFor("lost", "strange")).toContain("login has ended");
  });
});
