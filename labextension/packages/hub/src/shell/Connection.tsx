import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Problem } from "../data/api";
import { useLink, type Link } from "../data/live";

/** What the last answer showed of the hub. */
type Hub = "there" | "away" | "unknown" | "strange";

/** A cut that heals within this time is not worth a word. */
const PATIENCE = 2_000;

/** Says when the hub cannot be reached, or no more tells what changes; nothing while all is well. */
export function Connection(): JSX.Element {
  const text = wordsFor(useSettled(useLink()), useHub());
  return (
    // Always there, so that screen readers notice when it says something.
    <div role="status">{text && <span className="lost">{text}</span>}</div>
  );
}

/** What to say of the connection and of the hub. */
export function wordsFor(link: Link, hub: Hub): string {
  if (link === "ended" || hub === "strange") return "Your login has ended. Reload the page to log in again.";
  if (hub === "away") return "Not connected. Trying again…";
  if (link !== "lost") return "";
  return hub === "there" ? "Changes do not come by themselves now. Looking every 15 seconds…" : "Not connected. Trying again…";
}

/** The connection's state; a cut only once it has lasted. */
function useSettled(link: Link): Link {
  const [settled, setSettled] = useState<Link>(link);
  useEffect(() => {
    if (link !== "lost") return setSettled(link);
    const timer = setTimeout(() => setSettled(link), PATIENCE);
    return () => clearTimeout(timer);
  }, [link]);
  return settled;
}

/** Whether the hub answers, by the newest answer; unknown since the connection was cut. */
function useHub(): Hub {
  const client = useQueryClient();
  const link = useLink();
  const [hub, setHub] = useState<Hub>("unknown");
  useEffect(() => setHub("unknown"), [link]);
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type !== "updated") return;
        const { action } = event;
        if (action.type === "success" && !action.manual) setHub("there");
        else if (action.type === "failed" || action.type === "error") setHub(seen(action.error));
      }),
    [client],
  );
  return hub;
}

function seen(error: unknown): Hub {
  if (!(error instanceof Problem) || error.status === 503) return "away";
  return error.status === 401 ? "strange" : "there";
}
