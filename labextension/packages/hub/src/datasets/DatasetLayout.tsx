import { useQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "@tanstack/react-router";

import { boot } from "../boot";
import { Awaited, Problems } from "../shell/Failure";
import { Tabs } from "../shell/Tabs";
import { useTitle } from "../shell/title";
import { datasetQuery, useSync, type Dataset } from "./queries";
import { Sync } from "./Sync";

/** The dataset's pages, as they are called above each of them. */
const PAGES = { files: "Files", commits: "Versions", settings: "Settings" } as const;

/** A dataset's name and state, and its pages. */
export function DatasetLayout(): JSX.Element {
  const { dataset: id } = useParams({ strict: false }) as { dataset: string };
  const { data: dataset, error } = useQuery(datasetQuery(id));
  useTitle(dataset?.name ?? "Dataset", 0);
  if (!dataset) return <Awaited noun="Dataset" error={error} />;
  return (
    <>
      <div className="heading">
        <h1>{dataset.name}</h1>
        {dataset.s3 && (dataset.owner === boot.user || boot.admin) && <SyncNow dataset={dataset} />}
      </div>
      <div role="status">
        <Sync of={dataset} />
      </div>
      <Tabs label="Dataset" base={`/datasets/${id}`} pages={PAGES} />
      <Outlet />
    </>
  );
}

function SyncNow({ dataset }: { readonly dataset: Dataset }): JSX.Element {
  const sync = useSync(dataset.id);
  return (
    <span>
      <button type="button" disabled={sync.isPending || dataset.sync?.state === "waiting"} onClick={() => sync.mutate(undefined)}>
        Synchronise now
      </button>
      <Problems of={sync.error} />
    </span>
  );
}
