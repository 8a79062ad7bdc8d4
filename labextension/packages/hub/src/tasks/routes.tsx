import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { projectRoute } from "../projects/routes";
import { root } from "../root";
import type { LogChoices } from "./LogView";
import { STATUSES, type TaskStatus } from "./queries";
import { TaskPage } from "./TaskPage";
import { TasksPage } from "./TasksPage";

type Search = Record<string, unknown>;

function filter({ status }: Search): { status?: TaskStatus } {
  return STATUSES.includes(status as TaskStatus) ? { status: status as TaskStatus } : {};
}

function choices({ all, search, line }: Search): LogChoices {
  return {
    ...(all === true && { all }),
    ...(typeof search === "string" && { search }),
    ...(typeof line === "number" && { line }),
  };
}

export const taskRoutes = [
  createRoute({ getParentRoute: () => root, path: "tasks", component: TasksPage, validateSearch: filter }),
  createRoute({ getParentRoute: () => root, path: "tasks/$task", component: TaskPage, validateSearch: choices }),
];

export const projectTasks = createRoute({
  getParentRoute: () => projectRoute,
  path: "tasks",
  component: TasksPage,
  validateSearch: filter,
});

export const projectStart = createRoute({
  getParentRoute: () => projectRoute,
  path: "tasks/start",
  component: lazyRouteComponent(() => import("./StartPage"), "StartPage"),
});
