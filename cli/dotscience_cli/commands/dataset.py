"""``ds dataset``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.linking import link, unlink
from dotscience_cli.tables import listing_options

from .dataset_create import create
from .file import at_option

if TYPE_CHECKING:
    from jupyter_dotscience.api.datasets import Dataset


@click.group(cls=Group)
def dataset() -> None:
    """Manage datasets: versioned data that projects link, and their tasks see read-only."""


@dataset.command("ls")
@listing_options
def ls(quiet: bool, output: str) -> None:
    """List your datasets and those of projects shared with you.

    SYNC tells how much of a bucket the hub has.
    """
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.datasets import DatasetQuery

    with session.connect() as client:
        found = refs.pages(lambda cursor: client.list_datasets(query=DatasetQuery(cursor=cursor)))
    headings = ("ID", "NAME", "TYPE", "SIZE", "FILES", "AGE", "SYNC")
    tables.show(found, headings, _row, lambda d: d.name, quiet=quiet, output=output)


def _row(item: Dataset) -> tuple[str, ...]:
    from dotscience_cli.age import age
    from dotscience_cli.progress import human_size
    from dotscience_cli.syncing import words

    size = human_size(item.size)
    return item.id, item.name, item.type.value, size, f"{item.files:,}", age(item.created), words(item.sync)


dataset.add_command(create)


@dataset.command()
@click.option("-m", "--message", help="What the new version's commit says.")
@click.option("--delete", is_flag=True, help="Also remove the files of the dataset that are not in DIRECTORY.")
@click.argument("dataset_ref", metavar="DATASET")
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
def put(message: str | None, delete: bool, dataset_ref: str, directory: Path) -> None:
    """Put the files in DIRECTORY and below into a dataset, as a new version, and print its commit.

    Only what changed is sent. Hidden files are left out, and what .dotscience-ignore files name, as by `ds run -u`.
    Files that only the dataset has stay, unless --delete is given; versions from before keep all they had. In place of
    a DIRECTORY it may be one file.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.putting import put_single
    from dotscience_cli.upload import origin, scanned
    from dotscience_cli.upload import put as put_snapshot
    from jupyter_dotscience.client.remote import DatasetRemote

    if delete and not directory.is_dir():
        raise click.UsageError("--delete goes with a directory, not with a file.")
    with session.connect() as client:
        found = refs.dataset(client, dataset_ref)
        _check_takes_files(found)
        remote = DatasetRemote(client, found.id)
        if directory.is_dir():
            snapshot = scanned(client, found.id, directory)
            commit = put_snapshot(remote, directory, snapshot, message or origin(directory), deletes=delete)
        else:
            commit = put_single(remote, directory, None, message)
    if commit is not None:
        click.echo(commit)


def _check_takes_files(found: Dataset) -> None:
    from dotscience_cli.guard import Failure
    from dotscience_cli.text import printable

    if found.s3 is not None:
        name, bucket = printable(found.name), printable(found.s3.bucket)
        raise Failure(f"Dataset {name} is the copy of the bucket {bucket}: put them there, then `ds dataset sync`.")


@dataset.command()
@click.option("--wait", is_flag=True, help="Return when it is done, and show how far it is.")
@click.argument("dataset_ref", metavar="DATASET")
def sync(wait: bool, dataset_ref: str) -> None:
    """Look at the bucket of a dataset again, and get what changed there as a new version.

    Tasks that use the dataset ask for this by themselves before they begin.
    """
    from dotscience_cli import refs, session, syncing
    from dotscience_cli.guard import say
    from dotscience_cli.text import printable

    with session.connect() as client:
        found = refs.dataset(client, dataset_ref)
        asked = client.sync_dataset(dataset=found.id)
        if wait:
            asked = syncing.wait(client, asked)
            say(f"Dataset {printable(asked.name)} is synchronised.")
        else:
            say(f"Dataset {printable(asked.name)} is being synchronised; `ds dataset ls` shows how far it is.")
    click.echo(found.id)


@dataset.command()
@click.argument("dataset_ref", metavar="DATASET")
def inspect(dataset_ref: str) -> None:
    """Show all details of a dataset as JSON; of its bucket all but the secret access key."""
    from dotscience_cli import refs, session, tables

    with session.connect() as client:
        tables.print_json([client.get_dataset(dataset=refs.dataset(client, dataset_ref).id)])


@dataset.command()
@click.argument("dataset_ref", metavar="DATASET")
@click.option("-f", "--force", is_flag=True, help="Do not ask; also when projects link it.")
def rm(dataset_ref: str, force: bool) -> None:
    """Delete a dataset with all its versions. There is no undelete. A bucket stays as it is."""
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.datasets import DatasetDelete

    with session.connect() as client:
        found = refs.dataset(client, dataset_ref)
        if not force:
            _check_unlinked(found)
        if not force and sys.stdin.isatty():
            question = f"Delete dataset {printable(found.name)} ({found.id}) with all its versions?"
            click.confirm(question, abort=True, err=True)
        client.delete_dataset(dataset=found.id, query=DatasetDelete(force=force))
    click.echo(found.id)


def _check_unlinked(found: Dataset) -> None:
    """Refuse before asking; the hub does as well, and knows of projects that we do not see."""
    from dotscience_cli.guard import Failure
    from dotscience_cli.text import printable

    if found.links:
        where = ", ".join(f"{printable(one.project_name)} ({one.project})" for one in found.links)
        raise Failure(
            f"Dataset {printable(found.name)} is linked to {where}; unlink it first with `ds project unlink PROJECT "
            "DATASET`, or delete it all the same with --force."
        )


dataset.add_command(link)
dataset.add_command(unlink)


@dataset.command()
@at_option
@click.argument("dataset_ref", metavar="DATASET")
@click.argument("prefix", default="", metavar="[FOLDER]")
@listing_options
def files(at: str, dataset_ref: str, prefix: str, quiet: bool, output: str) -> None:
    """List the files of a dataset, or those in FOLDER and below."""
    from dotscience_cli import refs, session
    from dotscience_cli.getting import list_files
    from jupyter_dotscience.client.remote import DatasetRemote

    with session.connect() as client:
        remote = DatasetRemote(client, refs.dataset(client, dataset_ref).id)
        list_files(remote, at, prefix, quiet=quiet, output=output)


@dataset.command()
@at_option
@click.argument("dataset_ref", metavar="DATASET")
@click.argument("path")
@click.argument("target", required=False, type=click.Path(path_type=Path, allow_dash=True))
def get(at: str, dataset_ref: str, path: str, target: Path | None) -> None:
    """Get the file PATH of a dataset into TARGET.

    TARGET is a file or a folder, `-` for standard output; without it the file gets its own name here. An existing file
    is replaced when all has arrived, and keeps its mode; a pipe or a device is written to.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.getting import get_file
    from jupyter_dotscience.client.remote import DatasetRemote

    if not path.strip("/"):
        raise click.UsageError("PATH is empty; `ds dataset files DATASET` lists the files.")
    with session.connect() as client:
        get_file(DatasetRemote(client, refs.dataset(client, dataset_ref).id), at, path, target)
