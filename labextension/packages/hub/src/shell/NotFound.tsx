import { Link } from "@tanstack/react-router";

/** An address that leads nowhere. */
export function NotFound(): JSX.Element {
  return (
    <section>
      <h1>There is no such page</h1>
      <p>
        It may have been removed, or it is not shared with you. <Link to="/">All projects</Link>
      </p>
    </section>
  );
}
