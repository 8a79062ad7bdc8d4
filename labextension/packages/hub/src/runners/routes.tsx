import { createRoute } from "@tanstack/react-router";

import { root } from "../root";
import { AddRunnerPage } from "./AddRunnerPage";
import { RunnerPage } from "./RunnerPage";
import { RunnersPage } from "./RunnersPage";

export const runnerRoutes = [
  createRoute({ getParentRoute: () => root, path: "runners", component: RunnersPage }),
  createRoute({ getParentRoute: () => root, path: "runners/new", component: AddRunnerPage }),
  createRoute({ getParentRoute: () => root, path: "runners/$runner", component: RunnerPage }),
];
