"""``ds file``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from dotscience_cli.lazy import Group
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.files import FileVersion
    from jupyter_dotscience.client import Reader


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
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.files import TreeQuery

    with session.connect() as client:
        project_id = refs.project(client, project_ref).id
        found = client.get_tree(project=project_id, query=TreeQuery(at=at, prefix=_wire(prefix).rstrip("/"))).items
    if quiet and output == "table" and not sys.stdout.isatty():
        _print_names(found)
        return
    tables.show(found, ("NAME", "SIZE", "LAST MODIFIED"), _row, _name, quiet=quiet, output=output)


def _print_names(found: list[FileVersion]) -> None:
    """Names for another program, byte for byte."""
    from jupyter_dotscience.api.paths import to_bytes

    sys.stdout.buffer.writelines(to_bytes(item.path) + b"\n" for item in found)
    sys.stdout.buffer.flush()


def _name(item: FileVersion) -> str:
    from dotscience_cli.text import printable_path

    return printable_path(item.path)


def _row(item: FileVersion) -> tuple[str, ...]:
    import datetime as dt

    moment = dt.datetime.fromtimestamp(item.modified / 1e9, dt.UTC) if item.modified else None
    return _name(item), str(item.size), moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def _wire(path: str) -> str:
    """A path from the command line as it travels."""
    import os

    from jupyter_dotscience.api.paths import to_text

    return to_text(os.fsencode(path))


@file.command()
@at_option
@click.argument("project_ref", metavar="PROJECT")
@click.argument("path")
@click.argument("target", required=False, type=click.Path(path_type=Path, allow_dash=True))
def get(at: str, project_ref: str, path: str, target: Path | None) -> None:
    """Get the file PATH of a project into TARGET.

    TARGET is a file or a folder, `-` for standard output; without it the file gets its own name here. An existing file
    is replaced when all has arrived.
    """
    from dotscience_cli import refs, session
    from jupyter_dotscience.api.files import FileQuery

    if not path.strip("/"):
        raise click.UsageError("PATH is empty; `ds file ls PROJECT` lists the files.")
    with session.connect() as client:
        project_id = refs.project(client, project_ref).id
        with client.get_file(project=project_id, query=FileQuery(path=_wire(path), at=at)) as reader:
            if str(target) == "-":
                _copy(reader, sys.stdout.buffer)
            else:
                _replace(reader, _target(path, target))


def _target(path: str, target: Path | None) -> Path:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def _replace(reader: Reader, target: Path) -> None:
    """Write beside the target, then put it in its place: half a file never has the whole one's name."""
    import os
    import tempfile

    from dotscience_cli.guard import Failure

    if not target.parent.is_dir():
        raise Failure(f"There is no folder {str(target.parent)!r} to put the file into.")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as out:
            _copy(reader, out)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _copy(reader: Reader, out: BinaryIO) -> None:
    out.writelines(reader.pieces())
    out.flush()


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

    with session.connect() as client:
        project_id = refs.project(client, project_ref).id
        commit = (put_folder if source.is_dir() else put_single)(client, project_id, source, path, message)
    if commit is not None:
        click.echo(commit)
