"""``ds login``, ``ds logout``, ``ds whoami``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dotscience_cli.text import printable

if TYPE_CHECKING:
    from dotscience_cli.config import Login


@click.command()
@click.argument("username", required=False)
@click.option("--web", is_flag=True, help="Confirm in a browser on this machine; no password is asked for here.")
@click.option("--device", is_flag=True, help="Confirm in a browser on any other machine, with a short code.")
@click.option("--no-browser", is_flag=True, help="With --web: print the address, and open no window.")
@click.option("--token", is_flag=True, help="Ask for an API token of the hub, whoever's it is, instead of a password.")
def login(username: str | None, web: bool, device: bool, no_browser: bool, token: bool) -> None:
    """Log in to the hub as USERNAME.

    Asks for the password, or reads it as one line from standard input when that is no terminal. An API token of the hub
    is accepted in its place. What is stored is a token, never the password.

    On a hub without passwords of its own, use --web, or --device where there is no browser; both work on every hub.
    """
    from dotscience_cli import config, session
    from dotscience_cli.guard import say
    from jupyter_dotscience.client.address import sends_in_clear

    _check_usage(username, web=web, device=device, no_browser=no_browser, token=token)
    hub = session.url()
    if sends_in_clear(hub):
        say(f"Warning: {hub} is not encrypted; others on the network can read what you send.")
    if web or device:
        found = _by_confirmation(hub, username, web=web, open_browser=not no_browser)
    else:
        found = _by_secret(hub, username, _secret("API token: " if token else "Password: "), token_only=token)
    try:
        config.save_login(found)
    except OSError:
        _end(found)
        raise
    click.echo("Authenticated successfully.")
    if web or device:
        say(f"You are {printable(found.username)}.")


def _check_usage(username: str | None, *, web: bool, device: bool, no_browser: bool, token: bool) -> None:
    chosen = [name for name, given in (("--web", web), ("--device", device), ("--token", token)) if given]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} are different ways to log in; choose one.")
    if no_browser and not web:
        raise click.UsageError("--no-browser goes with --web.")
    if not username and not chosen:
        raise click.UsageError("Say who you are: `ds login USERNAME`. Without a password: `ds login --web`.")


def _by_confirmation(hub: str, username: str | None, *, web: bool, open_browser: bool) -> Login:
    from dotscience_cli.authenticate import with_confirmation
    from dotscience_cli.browserlogin import is_remote
    from dotscience_cli.guard import Failure

    if web and open_browser and is_remote():
        raise Failure("There is no browser in this SSH session; use `ds login --device`.")
    return with_confirmation(hub, username, web=web, open_browser=open_browser)


def _by_secret(hub: str, username: str | None, secret: str, *, token_only: bool) -> Login:
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
    """Forget the login for the hub, and end its token.

    A token that you made yourself and gave to `ds login` is only forgotten: it may serve elsewhere too.
    """
    from dotscience_cli import config, session
    from dotscience_cli.guard import say

    hub = session.url()
    stored = config.load_login(hub)
    if stored is None:
        say(f"You were not logged in to {hub}.")
        return
    remark = _end(stored)
    config.forget_login(hub)
    click.echo(f"Logged out of {hub}.")
    if remark:
        say(remark)


def _end(login: Login) -> str:
    """End a token that a login made; what there is to say about it."""
    from dotscience_cli.authenticate import revoke
    from jupyter_dotscience.api.problems import DotscienceError

    page = f"{login.url}/hub/token"
    if not login.id:
        return f"Your API token is forgotten here and stays valid; {page} can revoke it."
    try:
        revoke(login.url, login.token)
    except DotscienceError as error:
        why = printable(str(error)).rstrip(".")
        return f"The token is forgotten here, but could not be ended: {why}. {page} can revoke it."
    return ""


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the answer.")
def whoami(output: str) -> None:
    """Show as whom, and at which hub, you are logged in."""
    from dotscience_cli import session
    from dotscience_cli.tables import print_json

    with session.connect() as client:
        account = client.get_account()
        if output == "json":
            print_json({"name": account.name, "admin": account.admin, "url": client.url})
        else:
            click.echo(f"{printable(account.name)} at {client.url}")
