import { createRoute, redirect } from "@tanstack/react-router";

import { pageOf } from "../files/place";
import { filesBelow } from "../files/routes";
import { root } from "../root";
import { DatasetLayout } from "./DatasetLayout";
import { DatasetSettings } from "./DatasetSettings";
import { DatasetsPage } from "./DatasetsPage";

const datasets = createRoute({
  getParentRoute: () => root,
  path: "datasets",
  component: DatasetsPage,
  validateSearch: ({ create }: Record<string, unknown>): { create?: true } => (create === true ? { create } : {}),
});

const dataset = createRoute({ getParentRoute: () => root, path: "datasets/$dataset", component: DatasetLayout });
const settings = createRoute({ getParentRoute: () => dataset, path: "settings", component: DatasetSettings });
const index = createRoute({
  getParentRoute: () => dataset,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: pageOf({ kind: "dataset", id: params.dataset }, "files"), replace: true });
  },
});

export const datasetRoutes = [datasets, dataset.addChildren([index, settings, ...filesBelow(dataset)])];
