/** Keeps what the pages show true: by what the hub tells, and where it cannot, by asking from time to time. */
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { boot } from "../boot";
import { ROOT } from "./api";
import { Refresher } from "./refresh";
import { ChangeSocket, type Link } from "./socket";

export type { Link };
import { keysOf } from "./topics";

/** So often is asked while there is no connection. */
const LOOK_AGAIN = 15_000;

let link: Link = "connecting";
const watchers = new Set<() => void>();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** How the connection to the hub stands. */
export const useLink = (): Link => useSyncExternalStore(watch, () => link);

/** Begins to keep answers true, for as long as the page lives. */
export function keepTrue(queries: QueryClient): void {
  const refresher = new Refresher(queries);
  let asking: ReturnType<typeof setInterval> | undefined;
  const socket = new ChangeSocket({
    url: new URL(`${ROOT}/changes`, location.href).href.replace(/^http/, "ws"),
    xsrf: boot.xsrf,
    since: boot.changes,
    onNotices: (notices) => keysOf(notices).forEach((key) => refresher.refresh(key)),
    onLink: (now) => {
      link = now;
      watchers.forEach((watcher) => watcher());
      clearInterval(asking);
      if (now === "lost") asking = setInterval(() => refresher.refresh([]), LOOK_AGAIN);
    },
  });
  socket.start();
  queries.getQueryCache().subscribe((event) => {
    // The hub answers again.
    if (link === "lost" && event.type === "updated" && event.action.type === "success") socket.hurry();
  });
}
