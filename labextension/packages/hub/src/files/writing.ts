import { useQuery } from "@tanstack/react-query";

import { boot } from "../boot";
import { datasetQuery } from "../datasets/queries";
import { projectQuery } from "../projects/queries";
import type { Place } from "./place";

/** Whether the person may change the files of a place. The hub asks again; this is for what is offered. */
export function useMayWrite(place: Place): boolean {
  const isProject = place.kind === "project";
  const { data: project } = useQuery({ ...projectQuery(place.id), enabled: isProject });
  const { data: dataset } = useQuery({ ...datasetQuery(place.id), enabled: !isProject });
  if (isProject) return project?.role === "owner" || project?.role === "writer";
  return dataset?.type === "files" && (dataset.owner === boot.user || boot.admin);
}
