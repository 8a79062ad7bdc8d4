import { Link } from "@tanstack/react-router";

import { boot } from "../boot";
import { Command } from "../shell/Command";
import { Facts } from "../shell/Facts";
import { useTitle } from "../shell/title";

/** Who the person is here, and how their programs log in. */
export function AccountPage(): JSX.Element {
  useTitle("Account");
  return (
    <>
      <h1>Account</h1>
      <Facts
        facts={{
          "User name": <strong>{boot.user}</strong>,
          Rights: boot.admin ? "administrator of this hub" : "user",
          Hub: boot.url,
          Version: boot.version,
        }}
      />
      <h2>Log in from a terminal</h2>
      <p>The browser opens and asks whether it is you; no password is typed.</p>
      <Command>{`ds set server-url ${boot.url}\nds login --web`}</Command>
      <h2>Tokens</h2>
      <p>
        For programs without a browser, such as continuous integration: make a token on the <a href={`${boot.hub}token`}>hub's page of tokens</a>,
        which also ends those that are no longer needed.
      </p>
      <h2>Keys</h2>
      <p>
        With which your tasks reach repositories: <Link to="/secrets">secrets</Link>.
      </p>
      <p>
        <a href={`${boot.hub}logout`}>Log out</a>
      </p>
    </>
  );
}
