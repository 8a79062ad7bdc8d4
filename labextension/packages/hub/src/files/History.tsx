import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { Commits } from "./Commits";
import { pageOf, type Place } from "./place";
import { commitsQuery, type Commit } from "./queries";

/** The versions of one file, each with what it changed. */
export function History({ place, at, path }: { readonly place: Place; readonly at: string; readonly path: string }): JSX.Element {
  const found = useInfiniteQuery(commitsQuery(place, at, path));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const to = pageOf(place, "files");
  const links = (commit: Commit) => {
    // The version before of this file; of the oldest on this page it may be on the next one.
    const older = items[items.indexOf(commit) + 1];
    return (
      <span className="inline">
        <Link to={to} search={{ path, at: commit.id } as never}>
          Show
        </Link>
        {older && (
          <Link to={to} search={{ path, at: commit.id, view: "diff", since: older.id } as never}>
            Changes
          </Link>
        )}
      </span>
    );
  };
  return (
    <>
      <Problems of={found.error} />
      <Commits place={place} items={items} more={links} />
      <More of={found} />
    </>
  );
}
