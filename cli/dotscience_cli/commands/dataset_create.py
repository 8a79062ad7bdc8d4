"""``ds dataset create``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group

if TYPE_CHECKING:
    from jupyter_dotscience.api.datasets import Dataset, DatasetCreate

SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable


@click.group(cls=Group)
def create() -> None:
    """Create a dataset and print its id."""


name_option = click.option("-n", "--name", required=True, help="What to call it.")


@create.command()
@name_option
@click.option(
    "--access-key-id", required=True, envvar="AWS_ACCESS_KEY_ID", show_envvar=True, help="Of who may read the bucket."
)
@click.option(
    "--secret-access-key", help=f"Belongs to it. Without it {SECRET} of the environment serves, or you are asked."
)
@click.option("--bucket", required=True, help="Its name.")
@click.option("--prefix", default="", help="Only objects whose key begins so; the files' names are what follows.")
@click.option("--endpoint-url", metavar="URL", help="Of another server than Amazon's.")
@click.option("--region", help="Of the bucket.")
@click.option("--wait", is_flag=True, help="Return when it is downloaded, and show how far it is.")
def s3(
    *,
    name: str,
    access_key_id: str,
    secret_access_key: str | None,
    bucket: str,
    prefix: str,
    endpoint_url: str | None,
    region: str | None,
    wait: bool,
) -> None:
    """Create a dataset of an S3 bucket, and print its id.

    The hub copies the bucket, in the background unless --wait is given: `ds dataset ls` shows how far it is. Keys and
    bucket are tried first. The secret is stored encrypted and never shown again; on a command line the machine's other
    users can see it while the command runs.
    """
    from jupyter_dotscience.api.datasets import DatasetCreate, S3Create

    source = S3Create(
        bucket=bucket,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key or _secret(),
        prefix=prefix,
        endpoint_url=endpoint_url,
        region=region,
    )
    _create(DatasetCreate(name=name, s3=source), wait=wait)


@create.command()
@name_option
def files(name: str) -> None:
    """Create an empty dataset for files that `ds dataset put` sends, and print its id."""
    from jupyter_dotscience.api.datasets import DatasetCreate

    _create(DatasetCreate(name=name))


def _secret() -> str:
    """The secret access key of the environment, or as it is typed: other users see command lines, not these.

    Raises:
        click.UsageError: there is nobody to ask.
    """
    import os

    if given := os.environ.get(SECRET):
        return given
    if not sys.stdin.isatty():
        raise click.UsageError(f"The secret access key is missing: set {SECRET}, or give --secret-access-key.")
    return str(click.prompt("Secret access key", hide_input=True, err=True))


def _create(wish: DatasetCreate, *, wait: bool = False) -> None:
    from dotscience_cli import session, syncing

    with session.connect() as client:
        made: Dataset = client.create_dataset(wish)
        click.echo(made.id)
        if wait:
            syncing.wait(client, made)
