import { Link, Outlet } from "@tanstack/react-router";

import { boot } from "../boot";
import { Connection } from "./Connection";

/** What is around every page. */
export function Shell(): JSX.Element {
  return (
    <div className="ds app">
      <a className="skip" href="#main">
        To the content
      </a>
      <header className="bar">
        <Link to="/" className="brand">
          Dotscience
        </Link>
        <nav aria-label="Pages">
          <Link to="/" activeOptions={{ exact: true }}>
            Projects
          </Link>
          <Link to="/tasks">Tasks</Link>
          <Link to="/runners">Runners</Link>
          <Link to="/datasets">Datasets</Link>
          <Link to="/secrets">Secrets</Link>
        </nav>
        <Connection />
        <nav aria-label="Account" className="account">
          <Link to="/account">{boot.user}</Link>
          <a href={`${boot.hub}token`}>Tokens</a>
          <a href={`${boot.hub}logout`}>Log out</a>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
