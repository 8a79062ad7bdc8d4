/** Which page is at which address: each noun brings its own routes. What a person chose stands in the address too. */
import { createRouter, type RouterHistory } from "@tanstack/react-router";

import { accountRoutes } from "./account/routes";
import { boot } from "./boot";
import { datasetRoutes } from "./datasets/routes";
import { projectFiles } from "./files/routes";
import { projectChildren, projectRoute, projectRoutes } from "./projects/routes";
import { projectProvenance } from "./provenance/routes";
import { root } from "./root";
import { runnerRoutes } from "./runners/routes";
import { projectRuns, runRoutes } from "./runs/routes";
import { secretRoutes } from "./secrets/routes";
import { Failure } from "./shell/Failure";
import { projectStart, projectTasks, taskRoutes } from "./tasks/routes";

const tree = root.addChildren([...projectRoutes, ...runRoutes, ...taskRoutes, ...runnerRoutes, ...datasetRoutes, ...secretRoutes, ...accountRoutes, projectRoute.addChildren([...projectRuns, projectTasks, projectStart, projectProvenance, ...projectFiles, ...projectChildren])]);

/** Makes the router; `history` is the browser's where none is given. */
export const makeRouter = (history?: RouterHistory) => createRouter({
  routeTree: tree,
  history,
  basepath: boot.prefix,
  defaultPreload: "intent",
  defaultErrorComponent: Failure,
  scrollRestoration: true,
});

export const router = makeRouter();

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
