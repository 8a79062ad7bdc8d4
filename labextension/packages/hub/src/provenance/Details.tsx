import { Ago, duration } from "@dotscience/ui";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { pageOf, type Place } from "../files/place";
import { Facts } from "../shell/Facts";
import { State } from "../shell/State";
import type { Node } from "./graph";
import { wordsOf } from "./words";

interface DetailsProps {
  readonly node: Node;
  readonly isStart: boolean;
  readonly opened: boolean;
  readonly onOpen: (id: string) => void;
}

/** What is known of a node, and where to go from it. */
export function Details({ node, isStart, opened, onOpen }: DetailsProps): JSX.Element {
  const { kind, title } = wordsOf(node);
  return (
    <aside className="provenance-details" aria-label="Details">
      <h2>
        <span className="ds-quiet">{kind}</span> {title}
      </h2>
      <Facts facts={factsOf(node)} />
      <p className="inline">
        <OpenLink node={node} />
        {!isStart && <StartLink node={node} />}
        {!opened && mayOpen(node) && (
          <button type="button" onClick={() => onOpen(node.id)}>
            Show more around it
          </button>
        )}
      </p>
    </aside>
  );
}

/** Whether there is, or may be, more around a node than is shown. */
export function mayOpen(node: Node): boolean {
  const complete = node.more_ancestors === false && node.more_descendants === false;
  return !complete && !(node.kind === "file" && !node.commit);
}

function factsOf(node: Node): Readonly<Record<string, ReactNode>> {
  if (node.kind === "run")
    return {
      Status: <State of={node.status} />,
      Project: node.project_name,
      Author: node.author,
      Recorded: <Ago time={node.created} />,
      Took: node.started && node.ended ? duration((Date.parse(node.ended) - Date.parse(node.started)) / 1000) : null,
      Program: node.workload_file,
      Version: node.commit && <code>{node.commit.slice(0, 12)}</code>,
      Run: <code>{node.run}</code>,
    };
  if (node.kind === "dataset") return { Dataset: node.name, Version: <code>{node.commit.slice(0, 12)}</code> };
  return {
    [node.dataset ? "Dataset" : "Project"]: node.place_name,
    Version: node.commit ? <code>{node.commit.slice(0, 12)}</code> : "not known: the run named a file that no version has",
    "SHA-256": node.sha256 && <code className="provenance-hash">{node.sha256}</code>,
  };
}

function OpenLink({ node }: { readonly node: Node }): JSX.Element | null {
  if (node.kind === "run")
    return (
      <Link className="button primary" to="/projects/$project/runs/$run" params={{ project: node.project, run: node.run }}>
        Open the run
      </Link>
    );
  const place: Place =
    node.kind === "file" && node.project ? { kind: "project", id: node.project } : { kind: "dataset", id: node.dataset ?? "" };
  const gone = node.kind === "file" ? node.place_name === null || !node.commit : node.name === null;
  if (gone) return null;
  const path = node.kind === "file" ? { path: node.path } : {};
  return (
    <Link className="button primary" to={pageOf(place, "files")} search={{ at: node.commit, ...path } as never}>
      {node.kind === "file" ? "Open the file" : "Open the dataset"}
    </Link>
  );
}

/** The same page, from this node on. */
function StartLink({ node }: { readonly node: Node }): JSX.Element | null {
  if (node.kind === "file" && !node.commit) return null;
  const search = node.kind === "run" ? { run: node.run } : { node: node.id };
  if (node.kind === "run" || (node.kind === "file" && node.project))
    return (
      <Link to={pageOf({ kind: "project", id: node.project! }, "provenance")} search={search as never}>
        Begin here
      </Link>
    );
  return (
    <Link to="." search={search as never}>
      Begin here
    </Link>
  );
}
