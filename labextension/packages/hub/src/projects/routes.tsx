import { createRoute } from "@tanstack/react-router";

import { queries } from "../data/client";
import { root } from "../root";
import { ProjectLayout } from "./ProjectLayout";
import { projectQuery, projectsQuery } from "./queries";
import { ProjectsPage } from "./ProjectsPage";
import { SettingsPage } from "./SettingsPage";

const projects = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: ProjectsPage,
  loader: () => queries.ensureInfiniteQueryData(projectsQuery()),
});

/** Everything of one project is below it. */
export const projectRoute = createRoute({
  getParentRoute: () => root,
  path: "projects/$project",
  component: ProjectLayout,
  loader: ({ params }) => queries.ensureQueryData(projectQuery(params.project)),
});

const settings = createRoute({ getParentRoute: () => projectRoute, path: "settings", component: SettingsPage });

export const projectRoutes = [projects];
export const projectChildren = [settings];
