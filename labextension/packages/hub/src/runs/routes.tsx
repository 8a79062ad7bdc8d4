import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { queries } from "../data/client";
import { projectRoute } from "../projects/routes";
import { root } from "../root";
import { namesQuery, runQuery, runsQuery } from "./queries";
import { repetitionQuery } from "./repetition";
import { compareSearch, curveSearch, runsSearch } from "./search";
import "./style.css";

const explorer = createRoute({
  getParentRoute: () => projectRoute,
  path: "runs",
  validateSearch: runsSearch,
  loaderDeps: ({ search: { filter, sort } }) => ({ filter, sort }),
  // Asked at once, while the page's code comes; what is wrong with them is shown there.
  loader: ({ params, deps }) => {
    void queries.prefetchInfiniteQuery(runsQuery(params.project, { filter: deps.filter, sort: deps.sort }));
    void queries.prefetchQuery(namesQuery(params.project));
  },
  component: lazyRouteComponent(() => import("./RunsPage"), "RunsPage"),
});

/** Asks for what stands above and between other things on a run's page, so that nothing moves when it comes. */
async function prepare(project: string, id: string): Promise<void> {
  await queries.prefetchQuery(repetitionQuery(project, id)); // a failure is shown on the page
  const first = queries.getQueryData(repetitionQuery(project, id).queryKey)?.repeats;
  if (first != null) await Promise.all([queries.prefetchQuery(runQuery(project, first)), queries.prefetchQuery(repetitionQuery(project, first))]);
}

const run = createRoute({
  getParentRoute: () => projectRoute,
  path: "runs/$run",
  validateSearch: curveSearch,
  loader: ({ params: { project, run: id } }) => Promise.all([queries.ensureQueryData(runQuery(project, id)), prepare(project, id)]),
  component: lazyRouteComponent(() => import("./RunPage"), "RunPage"),
});

const compare = createRoute({
  getParentRoute: () => projectRoute,
  path: "compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("./ComparePage"), "ComparePage"),
});

/** The address of a run by which the published product's library names it. */
const printed = createRoute({
  getParentRoute: () => root,
  path: "project/$project/runs/metric/$run",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$project/runs/$run", params, replace: true });
  },
});

export const runRoutes = [printed];
export const projectRuns = [explorer, run, compare];
