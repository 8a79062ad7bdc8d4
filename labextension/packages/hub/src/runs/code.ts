import { queryOptions } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { extensionOf } from "../files/names";
import type { ChangedFile } from "../files/queries";
import type { Run } from "./queries";

/** The files that differ between two versions of a workspace. */
export const sinceQuery = (project: string, commit: string, since: string) =>
  queryOptions({
    queryKey: ["files", "project", project, "changes", commit, since],
    queryFn: async () => {
      const params = { path: { project, commit }, query: { since } };
      return reply<"list_changes">(await api.GET("/projects/{project}/commits/{commit}/changes", { params }));
    },
    staleTime: Infinity,
  });

const CODE = new Set(
  "ipynb py pyi r rmd jl sh bash c h cc cpp hpp cu rs go java kt scala js mjs ts tsx sql m lua pl rb toml yaml yml json cfg ini txt md rst dockerfile lock".split(" "),
);

/** Those of the files that people write: not what the runs wrote; the workload's own first, then code and notebooks. */
export function codeOf(changed: readonly ChangedFile[], before: Pick<Run, "outputs">, after: Pick<Run, "outputs" | "workload_file">): ChangedFile[] {
  const written = new Set([...before.outputs, ...after.outputs].map(({ path }) => path));
  const rank = ({ path }: ChangedFile) => (path === after.workload_file ? 0 : CODE.has(extensionOf(path) || path.toLowerCase()) ? 1 : 2);
  return changed
    .filter(({ path }) => !written.has(path) || path === after.workload_file)
    .sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
}
