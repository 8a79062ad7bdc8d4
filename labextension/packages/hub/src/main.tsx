/** The hub's pages. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "@dotscience/ui/style.css";
import { queries } from "./data/client";
import { keepTrue } from "./data/live";
import { router } from "./router";
import "./style.css";

keepTrue(queries);
createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
