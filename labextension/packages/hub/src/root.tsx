/** The route that all others are below: what is around every page. */
import { createRootRoute, type ErrorComponentProps } from "@tanstack/react-router";

import { Failure } from "./shell/Failure";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";

export const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Broken });

/** In the place of all pages, when what is around them fails; a page's own failure is shown in its place. */
function Broken(props: ErrorComponentProps): JSX.Element {
  return (
    <div className="ds app">
      <main>
        <Failure {...props} />
      </main>
    </div>
  );
}
