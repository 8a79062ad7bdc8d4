import { Ago } from "@dotscience/ui";

import { sizeOf } from "../files/names";
import { State } from "../shell/State";
import type { Dataset, SyncStatus } from "./queries";

/** Where the synchronisation of a dataset is. */
export function Sync({ of: dataset }: { readonly of: Dataset }): JSX.Element {
  const { sync } = dataset;
  if (sync === null) return <span className="ds-quiet">{dataset.head ? "files that were sent" : "no files yet"}</span>;
  return (
    <>
      <State of={sync.state} />{" "}
      {sync.state === "syncing" ? (
        <Moving sync={sync} />
      ) : (
        sync.state === "ready" && sync.ended && (
          <span className="ds-quiet">
            <Ago time={sync.ended} />
          </span>
        )
      )}
      {sync.message && <div className={sync.state === "failed" ? "ds-error" : "ds-quiet"}>{sync.message}</div>}
    </>
  );
}

function Moving({ sync }: { readonly sync: SyncStatus }): JSX.Element {
  const { bytes_done: done = 0, bytes_total: total, objects_done: objects = 0, objects_total: all } = sync;
  return (
    <span className="inline">
      {total != null && total > 0 && <progress aria-label="Synchronised" max={total} value={done} />}
      <span className="ds-quiet">
        {all == null ? `${objects} files found` : `${objects} of ${all} files, ${sizeOf(done)} of ${sizeOf(total ?? 0)}`}
      </span>
    </span>
  );
}
