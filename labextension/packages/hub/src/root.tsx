/** The route that all others are below: what is around every page. */
import { createRootRoute } from "@tanstack/react-router";

import { Failure } from "./shell/Failure";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";

export const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Failure });
