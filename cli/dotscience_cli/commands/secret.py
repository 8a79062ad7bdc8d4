"""``ds secret``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.secrets import Secret

KINDS = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}


@click.group(cls=Group)
def secret() -> None:
    """Manage secrets: SSH keys with which tasks reach repositories."""


@secret.command("ls")
@listing_options
def ls(quiet: bool, output: str) -> None:
    """List the secrets of your account and of your projects."""
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.secrets import SecretQuery

    with session.connect() as client:
        found = refs.pages(lambda cursor: client.list_secrets(query=SecretQuery(cursor=cursor)))
    headings = ("ID", "NAME", "TYPE", "PROJECT", "AGE")
    tables.show(found, headings, _row, lambda s: s.name, quiet=quiet, output=output)


def _row(item: Secret) -> tuple[str, ...]:
    from dotscience_cli.age import age

    return item.id, item.name, item.type.value, item.project_name or "", age(item.created)


@secret.command()
@click.argument("secret_ref", metavar="SECRET")
def inspect(secret_ref: str) -> None:
    """Show all details of a secret as JSON, the private key included.

    The field `data` is base64 of JSON, in which `public_key` and `private_key` are base64 again:

    \b
      ds secret inspect SECRET | jq -r .[0].data | base64 -d | jq -r .private_key | base64 -d
    """  # noqa: D301 - click's mark for lines that stay as they are
    import msgspec

    from dotscience_cli import refs, session, tables

    with session.connect() as client:
        found = client.get_secret(secret=refs.secret(client, secret_ref).id)
    tables.print_json([{**msgspec.structs.asdict(found.secret), "data": found.data}])


@secret.command()
@click.option("-p", "--project", "project_ref", metavar="PROJECT", help="For the tasks of this project only.")
@click.option("-n", "--name", required=True, help="What to call it.")
@click.option(
    "-t", "--type", "kind", type=click.Choice(list(KINDS)), default="ed25519", show_default=True, help="Kind of key."
)
def generate(project_ref: str | None, name: str, kind: str) -> None:
    """Make an SSH key and print its public half.

    Give the public half to the server, for example as a deploy key of a repository. Without --project, all your tasks
    use it.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.secrets import SecretCreate, SecretType

    with session.connect() as client:
        project = None if project_ref is None else refs.project(client, project_ref).id
        made = client.create_secret(SecretCreate(name=name, project=project, type=SecretType(KINDS[kind])))
    click.echo(f"Public key: \n{printable(made.public_key)}")


@secret.command()
@click.argument("secret_ref", metavar="SECRET")
def rm(secret_ref: str) -> None:
    """Remove a secret. There is no undelete."""
    from dotscience_cli import refs, session

    with session.connect() as client:
        found = refs.secret(client, secret_ref)
        client.delete_secret(secret=found.id)
    click.echo(found.id)
