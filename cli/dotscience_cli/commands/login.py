"""``ds login``, ``ds logout``, ``ds whoami``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dotscience_cli.config import Login


@click.command()
@click.argument("username", required=False)
@click.option("--token", is_flag=True, help="Ask for an API token of the hub, whoever's it is, instead of a password.")
def login(username: str | None, token: bool) -> None:
    """Log in to the hub as USERNAME.

    Asks for the password, or reads it as one line from standard input when that is no terminal. An API token of the hub
    is accepted in its place. What is stored is a token, never the password.
    """
    from dotscience_cli import config, session
    from dotscience_cli.guard import say
    from jupyter_dotscience.client.address import sends_in_clear

    if not username and not token:
        raise click.UsageError("Say who you are: `ds login USERNAME`.")
    hub = session.url()
    if sends_in_clear(hub):
        say(f"Warning: {hub} is not encrypted; others on the network can read what you send.")
    secret = _secret("API token: " if token else "Password: ")
    config.save_login(_login(hub, username, secret, token_only=token))
    click.echo("Authenticated successfully.")


def _login(hub: str, username: str | None, secret: str, *, token_only: bool) -> Login:
    from dotscience_cli.authenticate import authenticate, with_token
    from dotscience_cli.guard import Failure

    if username and not token_only:
        return authenticate(hub, username, secret)
    found = with_token(hub, secret, username)
    if found is None:
        raise Failure(f"The hub does not accept this API token; make a new one at {hub}/hub/token.")
    return found


def _secret(prompt: str) -> str:
    """What is typed without echo, or the first line of standard input."""
    from dotscience_cli.guard import Failure

    if sys.stdin.isatty():
        import getpass

        secret = getpass.getpass(prompt)
    else:
        secret = _line()
    if not secret:
        raise Failure("No password was given; nothing is stored.")
    return secret


def _line() -> str:
    from dotscience_cli.guard import Failure

    line = sys.stdin.buffer.readline(100_000)
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Failure("The password is not UTF-8; nothing is stored.") from None


@click.command()
def logout() -> None:
    """Forget the login for the hub."""
    from dotscience_cli import config, session
    from dotscience_cli.guard import say

    hub = session.url()
    stored = config.load_login(hub)
    if stored is None or not config.forget_login(hub):
        say(f"You were not logged in to {hub}.")
        return
    click.echo(f"Logged out of {hub}.")
    # The token cannot end itself: a token that may do that may also make others (JupyterHub's scope `tokens`).
    say(f"The token is forgotten here, and valid until it expires; {hub}/hub/token can revoke it.")


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the answer.")
def whoami(output: str) -> None:
    """Show as whom, and at which hub, you are logged in."""
    from dotscience_cli import session
    from dotscience_cli.tables import print_json
    from dotscience_cli.text import printable

    with session.connect() as client:
        account = client.get_account()
        if output == "json":
            print_json({"name": account.name, "admin": account.admin, "url": client.url})
        else:
            click.echo(f"{printable(account.name)} at {client.url}")
