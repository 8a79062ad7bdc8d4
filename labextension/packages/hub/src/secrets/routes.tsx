import { createRoute } from "@tanstack/react-router";

import { root } from "../root";
import { SecretsPage } from "./SecretsPage";

export const secretRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: "secrets",
    component: SecretsPage,
    validateSearch: ({ create }: Record<string, unknown>): { create?: true } => (create === true ? { create } : {}),
  }),
];
