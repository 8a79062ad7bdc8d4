"""``ds set``."""

from __future__ import annotations

import click

from dotscience_cli.lazy import Group


@click.group("set", cls=Group)
def settings() -> None:
    """Change settings."""


@settings.command("server-url")
@click.argument("url")
def server_url(url: str) -> None:
    """Choose the hub at URL.

    URL is scheme, host and, where needed, port of the hub, such as https://hub.example.org, and nothing after it.
    The environment variable DOTSCIENCE_URL takes precedence.
    """
    from dotscience_cli import config
    from dotscience_cli.guard import say
    from jupyter_dotscience.api.problems import DotscienceError
    from jupyter_dotscience.client import Client
    from jupyter_dotscience.client.address import BadAddress, normalize

    try:
        address = normalize(url)
    except BadAddress as error:
        raise click.BadParameter(str(error)) from error
    config.set_server_url(address)
    try:
        with Client(address, retry_for=0, timeout=10) as client:
            client.get_version()
    except DotscienceError as error:
        say(f"Warning: {error} The address is kept all the same.")
