import { createRoute } from "@tanstack/react-router";

import { root } from "../root";
import { AccountPage } from "./AccountPage";

export const accountRoutes = [createRoute({ getParentRoute: () => root, path: "account", component: AccountPage })];
