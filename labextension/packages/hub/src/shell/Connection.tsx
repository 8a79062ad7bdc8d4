import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Problem } from "../data/api";

/** Says when the hub cannot be reached; nothing while all is well. */
export function Connection(): JSX.Element {
  const client = useQueryClient();
  const [lost, setLost] = useState(false);
  useIsFetching();
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { error, fetchFailureReason } = query.state;
        const failed = fetchFailureReason ?? error;
        if (failed !== null) setLost(!(failed instanceof Problem) || failed.status === 503);
        else if (query.state.status === "success") setLost(false);
      }),
    [client],
  );
  return (
    <span role="status" className={lost ? "lost" : "lost hidden"}>
      {lost && "The hub cannot be reached; trying again…"}
    </span>
  );
}
