import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { projectRoute } from "../projects/routes";
import { provenanceSearch } from "./search";
import "./style.css";

export const projectProvenance = createRoute({
  getParentRoute: () => projectRoute,
  path: "provenance",
  validateSearch: provenanceSearch,
  component: lazyRouteComponent(() => import("./ProvenancePage"), "ProvenancePage"),
});
