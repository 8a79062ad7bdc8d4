import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { queries } from "../data/client";
import { projectRoute } from "../projects/routes";
import { root } from "../root";
import { namesQuery, runQuery, runsQuery } from "./queries";
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

const run = createRoute({
  getParentRoute: () => projectRoute,
  path: "runs/$run",
  validateSearch: curveSearch,
  loader: ({ params }) => queries.ensureQueryData(runQuery(params.project, params.run)),
  component: lazyRouteComponent(() => import("./RunPage"), "RunPage"),
});

const compare = createRoute({
  getParentRoute: () => projectRoute,
  path: "compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("./ComparePage"), "ComparePage"),
});

/** The address that the library prints when a run is published. */
const printed = createRoute({
  getParentRoute: () => root,
  path: "project/$project/runs/metric/$run",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$project/runs/$run", params, replace: true });
  },
});

export const runRoutes = [printed];
export const projectRuns = [explorer, run, compare];
