import { createRoute, type AnyRoute } from "@tanstack/react-router";

import { projectRoute } from "../projects/routes";
import { fileChoices } from "./choices";
import { CommitPage } from "./CommitPage";
import { CommitsPage } from "./CommitsPage";
import { FilesPage } from "./FilesPage";

/** The pages of files and versions, below a project or a dataset. */
export const filesBelow = <Parent extends AnyRoute>(parent: Parent) => [
  createRoute({ getParentRoute: () => parent, path: "files", component: FilesPage, validateSearch: fileChoices }),
  createRoute({ getParentRoute: () => parent, path: "commits", component: CommitsPage, validateSearch: fileChoices }),
  createRoute({ getParentRoute: () => parent, path: "commits/$commit", component: CommitPage }),
];

export const projectFiles = filesBelow(projectRoute);
