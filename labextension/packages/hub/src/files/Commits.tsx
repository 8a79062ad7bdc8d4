import { Ago } from "@dotscience/ui";
import { Link } from "@tanstack/react-router";

import { pageOf, type Place } from "./place";
import type { Commit } from "./queries";

interface CommitsProps {
  readonly place: Place;
  readonly items: readonly Commit[];
  /** More links for one version. */
  readonly more?: (commit: Commit) => JSX.Element | null;
}

/** Versions, newest first. */
export function Commits({ place, items, more }: CommitsProps): JSX.Element {
  return (
    <ol className="rows commits">
      {items.map((commit) => (
        <li key={commit.id}>
          <Link to={pageOf(place, `commits/${commit.id}`)} className="subject">
            {commit.message.split("\n", 1)[0] || "(no message)"}
          </Link>
          <span className="ds-quiet">
            {commit.author}, <Ago time={commit.created} /> · <code>{commit.id.slice(0, 7)}</code>
          </span>
          {more?.(commit)}
        </li>
      ))}
    </ol>
  );
}
