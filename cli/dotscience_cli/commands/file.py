"""``ds file``."""

from __future__ import annotations

from pathlib import Path

import click

from dotscience_cli.lazy import Group
from dotscience_cli.tables import listing_options


@click.group(cls=Group)
def file() -> None:
    """Look at, get and put files of a project's workspace."""


at_option = click.option(
    "--at", default="main", show_default=True, metavar="COMMIT", help="The version: a commit, or a branch."
)


@file.command("ls")
@at_option
@click.argument("project_ref", metavar="PROJECT")
@click.argument("prefix", default="", metavar="[FOLDER]")
@listing_options
def ls(at: str, project_ref: str, prefix: str, quiet: bool, output: str) -> None:
    """List the files of a project, or those in FOLDER and below."""
    from dotscience_cli import refs, session
    from dotscience_cli.getting import list_files
    from jupyter_dotscience.client.remote import ProjectRemote

    with session.connect() as client:
        remote = ProjectRemote(client, refs.project(client, project_ref).id)
        list_files(remote, at, prefix, quiet=quiet, output=output)


@file.command()
@at_option
@click.argument("project_ref", metavar="PROJECT")
@click.argument("path")
@click.argument("target", required=False, type=click.Path(path_type=Path, allow_dash=True))
def get(at: str, project_ref: str, path: str, target: Path | None) -> None:
    """Get the file PATH of a project into TARGET.

    TARGET is a file or a folder, `-` for standard output; without it the file gets its own name here. An existing file
    is replaced when all has arrived, and keeps its mode; a pipe or a device is written to.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.getting import get_file
    from jupyter_dotscience.client.remote import ProjectRemote

    if not path.strip("/"):
        raise click.UsageError("PATH is empty; `ds file ls PROJECT` lists the files.")
    with session.connect() as client:
        get_file(ProjectRemote(client, refs.project(client, project_ref).id), at, path, target)


@file.command()
@click.option("-m", "--message", help="What the commit says.")
@click.argument("project_ref", metavar="PROJECT")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("path", required=False)
def put(message: str | None, project_ref: str, source: Path, path: str | None) -> None:
    """Put the file or folder SOURCE into a project, as PATH or under its own name, and print the commit.

    A file goes into PATH when that is a folder. Of a folder, hidden files are left out, and what .dotscience-ignore
    files name.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.putting import put_folder, put_single
    from jupyter_dotscience.client.remote import ProjectRemote

    with session.connect() as client:
        remote = ProjectRemote(client, refs.project(client, project_ref).id)
        commit = (put_folder if source.is_dir() else put_single)(remote, source, path, message)
    if commit is not None:
        click.echo(commit)
