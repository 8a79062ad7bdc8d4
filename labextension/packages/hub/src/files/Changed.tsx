import { Ago } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { pageOf, type Place } from "./place";
import { commitQuery } from "./queries";

/** When a file was last changed: a link to the version that did. */
export function Changed({ place, commit }: { readonly place: Place; readonly commit: string | null }): JSX.Element | null {
  const { data } = useQuery({ ...commitQuery(place, commit ?? ""), enabled: commit !== null });
  if (commit === null) return null;
  return (
    <Link to={pageOf(place, `commits/${commit}`)} title={data?.message}>
      {data ? <Ago time={data.created} /> : <code>{commit.slice(0, 7)}</code>}
    </Link>
  );
}
