import { Ago, counted } from "@dotscience/ui";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { boot } from "../boot";
import { sizeOf } from "../files/names";
import { pageOf } from "../files/place";
import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { Table } from "../shell/Table";
import { useTitle } from "../shell/title";
import { CreateDataset } from "./CreateDataset";
import { datasetsQuery, type Dataset } from "./queries";
import { Sync } from "./Sync";

/** The datasets of the user, and those of projects shared with them. */
export function DatasetsPage(): JSX.Element {
  useTitle("Datasets");
  const found = useInfiniteQuery(datasetsQuery());
  const { create } = useSearch({ strict: false }) as { create?: true };
  const navigate = useNavigate();
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="heading">
        <h1>Datasets</h1>
        <Link to="/datasets" search={{ create: true } as never} className="button primary">
          New dataset
        </Link>
      </div>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 ? <NoDatasets /> : <Datasets items={items} />}
      <More of={found} />
      {create && <CreateDataset onClose={() => void navigate({ to: "/datasets" })} />}
    </>
  );
}

function Datasets({ items }: { readonly items: readonly Dataset[] }): JSX.Element {
  return (
    <>
      <Table columns={["Name", "From", "State", "Size", "Linked to", "Owner", "Created"]}>
        {items.map((dataset) => (
          <tr key={dataset.id}>
            <th scope="row">
              <Link to={pageOf({ kind: "dataset", id: dataset.id }, "files")}>{dataset.name}</Link>
            </th>
            <td>{dataset.s3 ? `s3://${dataset.s3.bucket}/${dataset.s3.prefix}` : "files"}</td>
            <td>
              <Sync of={dataset} />
            </td>
            <td>
              {sizeOf(dataset.size)} <div className="ds-quiet">{counted(dataset.files, "file")}</div>
            </td>
            <td>{dataset.links.map(({ project_name, path }) => `${project_name} at ${path}`).join(", ")}</td>
            <td>{dataset.owner === boot.user ? "you" : dataset.owner}</td>
            <td>
              <Ago time={dataset.created} />
            </td>
          </tr>
        ))}
      </Table>
      <p className="ds-quiet">{counted(items.length, "dataset")}</p>
    </>
  );
}

function NoDatasets(): JSX.Element {
  return (
    <section className="empty">
      <p>You have no datasets yet. Create one here, of a bucket or of files, or from the folder of the files:</p>
      <Command>{"ds dataset create files --name digits\nds dataset put digits ."}</Command>
    </section>
  );
}
