"""``ds version``."""

from __future__ import annotations

import click


@click.command()
def version() -> None:
    """Display the version of the Dotscience command-line tool."""
    from jupyter_dotscience._version import __version__

    click.echo(f"Dotscience command-line tool version: {__version__}")
