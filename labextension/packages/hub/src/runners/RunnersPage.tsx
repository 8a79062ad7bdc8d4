import { Ago } from "@dotscience/ui";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { boot } from "../boot";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { State } from "../shell/State";
import { Table } from "../shell/Table";
import { useTitle } from "../shell/title";
import { runnersQuery, type Runner } from "./queries";

/** The machines that execute tasks. */
export function RunnersPage(): JSX.Element {
  useTitle("Runners");
  const found = useInfiniteQuery(runnersQuery());
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="heading">
        <h1>Runners</h1>
        <Link to="/runners/new" className="button primary">
          Add new
        </Link>
      </div>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 ? (
        <section className="empty">
          <p>No machine executes tasks yet. Any machine with Docker can: add one, and paste the command you get there.</p>
        </section>
      ) : (
        <Runners items={items} />
      )}
      <More of={found} />
    </>
  );
}

function Runners({ items }: { readonly items: readonly Runner[] }): JSX.Element {
  return (
    <Table columns={["Name", "Status", "Running tasks", "Type", "Labels", "Storage", "Last seen"]}>
      {items.map((runner) => (
        <tr key={runner.id}>
          <th scope="row">
            <Name runner={runner} />
            {runner.description && <div className="ds-quiet">{runner.description}</div>}
          </th>
          <td>
            <State of={runner.status} />
          </td>
          <td>{runner.running_tasks}</td>
          <td>{runner.type}</td>
          <td>{labelsOf(runner)}</td>
          <td>{runner.storage} GB</td>
          <td>{runner.last_seen ? <Ago time={runner.last_seen} /> : "never"}</td>
        </tr>
      ))}
    </Table>
  );
}

function Name({ runner }: { readonly runner: Runner }): JSX.Element {
  const mine = runner.owner === boot.user || boot.admin;
  if (!mine) return <>{runner.name} (shared)</>;
  return (
    <Link to="/runners/$runner" params={{ runner: runner.id }}>
      {runner.name}
    </Link>
  );
}

/** A runner's labels in one line. */
export function labelsOf({ labels }: Pick<Runner, "labels">): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
