"""``ds git-credential``: lets git ask `ds` for the login."""

from __future__ import annotations

import sys

import click


@click.command("git-credential")
@click.argument("operation", type=click.Choice(["get", "store", "erase"]))
def git_credential(operation: str) -> None:
    """Answer git, which asks for the login of the hub (git's credential helper).

    \b
    git -c credential.helper='!ds git-credential' clone HUB/services/dotscience/git/PROJECT
    git config --global credential.https://HUB.helper '!ds git-credential'
    """  # noqa: D301 - click's own mark for "do not wrap"
    asked = _fields()
    if operation != "get":
        return  # git tells what worked and what did not; the login is `ds login`'s affair
    from dotscience_cli import config, session

    hub = session.url()
    # Whatever else git asks for is another program's to answer: the token goes to its own hub and nowhere else.
    if f"{asked.get('protocol')}://{asked.get('host')}" != hub:
        return
    token = session.token(hub)
    stored = config.load_login(hub)
    click.echo(f"username={stored.username if stored else 'token'}\npassword={token}")


def _fields() -> dict[str, str]:
    """What git says, one ``name=value`` a line (gitcredentials(7))."""
    pairs = (line.rstrip("\n").partition("=") for line in sys.stdin)
    return {name: value for name, equals, value in pairs if equals}
