/** Which page is at which address. What a person chose on a page stands in the address too. */
import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import { boot } from "./boot";
import { ProjectsPage } from "./pages/ProjectsPage";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { Failure } from "./shell/Failure";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Failure });

const projects = createRoute({ getParentRoute: () => root, path: "/", component: ProjectsPage });

export const router = createRouter({
  routeTree: root.addChildren([projects]),
  basepath: boot.prefix,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
