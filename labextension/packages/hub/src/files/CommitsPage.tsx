import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";

import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { useTitle } from "../shell/title";
import type { FileChoices } from "./choices";
import { Commits } from "./Commits";
import { usePlace } from "./place";
import { commitsQuery } from "./queries";

/** All versions of a project's files, or of a dataset. */
export function CommitsPage(): JSX.Element {
  const place = usePlace();
  const { at = "main" } = useSearch({ strict: false }) as FileChoices;
  useTitle("Versions", 2);
  const found = useInfiniteQuery(commitsQuery(place, at, null));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <h2>Versions</h2>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 ? (
        <p className="empty">There are no versions yet: the first one is made with the first files.</p>
      ) : (
        <Commits place={place} items={items} />
      )}
      <More of={found} />
    </>
  );
}
