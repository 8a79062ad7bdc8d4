import { Ago, counted } from "@dotscience/ui";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import { boot } from "../boot";
import { sizeOf } from "../files/names";
import { Command } from "../shell/Command";
import { DeleteByName } from "../shell/DeleteByName";
import { Facts } from "../shell/Facts";
import { datasetQuery, useDeleteDataset, type Dataset } from "./queries";

/** Where a dataset comes from, which projects link it, and its end. */
export function DatasetSettings(): JSX.Element {
  const { dataset: id } = useParams({ strict: false }) as { dataset: string };
  const { data: dataset } = useSuspenseQuery(datasetQuery(id));
  return (
    <>
      <About dataset={dataset} />
      <h2>Linked to</h2>
      <Links dataset={dataset} />
      <h2>Address</h2>
      <p>Its versions are a git repository; a token of yours is the password.</p>
      <Command>{`git clone ${boot.url}${dataset.git_url}`}</Command>
      {(dataset.owner === boot.user || boot.admin) && <Delete dataset={dataset} />}
    </>
  );
}

function About({ dataset }: { readonly dataset: Dataset }): JSX.Element {
  const { s3, sync } = dataset;
  return (
    <Facts
      facts={{
        Owner: dataset.owner === boot.user ? "you" : dataset.owner,
        Holds: `${counted(dataset.files, "file")}, ${sizeOf(dataset.size)}`,
        Created: <Ago time={dataset.created} />,
        Bucket: s3 && `s3://${s3.bucket}/${s3.prefix}`,
        Server: s3?.endpoint_url,
        Region: s3?.region,
        "Access key id": s3 && <code>{s3.access_key_id}</code>,
        "As the bucket was": sync?.succeeded && <Ago time={sync.succeeded} />,
        Id: <code>{dataset.id}</code>,
      }}
    />
  );
}

function Links({ dataset }: { readonly dataset: Dataset }): JSX.Element {
  if (dataset.links.length === 0) {
    return (
      <>
        <p>No project that you can see links it. Link it in a project's settings, or:</p>
        <Command>{`ds dataset link PROJECT ${dataset.id} data`}</Command>
      </>
    );
  }
  return (
    <ul className="rows">
      {dataset.links.map(({ project, project_name, path }) => (
        <li key={project}>
          <Link to="/projects/$project/settings" params={{ project }}>{project_name}</Link> <span className="ds-quiet">at {path}</span>
        </li>
      ))}
    </ul>
  );
}

function Delete({ dataset }: { readonly dataset: Dataset }): JSX.Element {
  const remove = useDeleteDataset(dataset.id);
  const navigate = useNavigate();
  return (
    <DeleteByName
      noun="dataset"
      name={dataset.name}
      consequence="The dataset goes with all its versions. Projects that link it do not find it any more."
      busy={remove.isPending}
      error={remove.error}
      onDelete={() => remove.mutate(undefined, { onSuccess: () => void navigate({ to: "/datasets" }) })}
    />
  );
}
