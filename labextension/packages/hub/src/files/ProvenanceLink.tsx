import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { datasetQuery } from "../datasets/queries";
import { pageOf, type Place } from "./place";

interface ProvenanceLinkProps {
  readonly place: Place;
  /** The version's full id. */
  readonly at: string;
  /** A file; a whole dataset when absent. */
  readonly path?: string;
}

/** Leads to where a file version, or a version of a dataset, comes from, and what became of it. */
export function ProvenanceLink({ place, at, path }: ProvenanceLinkProps): JSX.Element | null {
  const { data: dataset } = useQuery({ ...datasetQuery(place.id), enabled: place.kind === "dataset" });
  // The page belongs to a project. What no project links, no run has read.
  const project = place.kind === "project" ? place.id : dataset?.links[0]?.project;
  if (project === undefined) return null;
  const start = { ...(path !== undefined && { path }), ...(place.kind === "dataset" && { dataset: place.id }), at };
  return (
    <Link to={pageOf({ kind: "project", id: project }, "provenance")} search={start as never}>
      Provenance
    </Link>
  );
}
