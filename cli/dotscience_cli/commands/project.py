"""``ds project``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.linking import link, unlink
from dotscience_cli.people import named
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.projects import Project


@click.group(cls=Group)
def project() -> None:
    """Manage projects."""


@project.command("ls")
@listing_options
def ls(quiet: bool, output: str) -> None:
    """List your projects and those shared with you, with the datasets that are linked to them.

    Several may have the same name; everywhere an id, or its beginning, is accepted in place of a name.
    """
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.projects import ProjectQuery

    with session.connect() as client:
        found = refs.pages(lambda cursor: client.list_projects(query=ProjectQuery(cursor=cursor)))
    headings = ("ID", "NAME", "DOTS", "COLLABORATORS", "AGE", "DATASETS")
    tables.show(found, headings, _row, lambda p: p.name, quiet=quiet, output=output)


def _row(item: Project) -> tuple[str, ...]:
    from dotscience_cli.age import age

    people = ", ".join(one.user for one in item.collaborators)
    # A project has one workspace, known by the project's own id.
    return item.id, item.name, item.id, people, age(item.created), _datasets(item)


def _datasets(item: Project) -> str:
    """The linked datasets and where tasks see them: ``mnist at ./data, words at ./texts/words``."""
    return ", ".join(f"{one.dataset_name} at ./{one.path}" for one in item.datasets)


@project.command()
@click.argument("name", required=False)
@click.option("-d", "--description", default="", help="What it is about.")
def create(name: str | None, description: str) -> None:
    """Create a project and print its id. Without NAME one is picked."""
    from dotscience_cli import session
    from jupyter_dotscience.api.projects import ProjectCreate

    with session.connect() as client:
        click.echo(client.create_project(ProjectCreate(name=name, description=description)).id)


@project.command()
@click.argument("project_ref", metavar="PROJECT")
def inspect(project_ref: str) -> None:
    """Show all details of a project as JSON."""
    from dotscience_cli import refs, session, tables

    with session.connect() as client:
        tables.print_json([refs.project(client, project_ref)])


@project.command()
@click.argument("project_ref", metavar="PROJECT")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
def rm(project_ref: str, force: bool) -> None:
    """Delete a project with its files, history and runs. There is no undelete."""
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable

    with session.connect() as client:
        found = refs.project(client, project_ref)
        if not force and sys.stdin.isatty():
            question = f"Delete project {printable(found.name)} ({found.id}) with all it holds?"
            click.confirm(question, abort=True, err=True)
        client.delete_project(project=found.id)
    click.echo(found.id)


project.add_command(link)
project.add_command(unlink)


@project.command()
@click.argument("project_ref", metavar="PROJECT")
@click.argument("user")
@click.option(
    "--role",
    type=click.Choice(["reader", "writer", "owner"]),
    default="writer",
    show_default=True,
    help="What USER may do: see; change and run; also share and delete.",
)
def share(project_ref: str, user: str, role: str) -> None:
    """Share a project with another user of the hub."""
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.projects import CollaboratorSet, Role

    user = named(user)
    with session.connect() as client:
        found = refs.project(client, project_ref)
        client.set_collaborator(CollaboratorSet(role=Role(role)), project=found.id, user=user)
    click.echo(f"{printable(user)} is {role} of project {printable(found.name)}.")


@project.command()
@click.argument("project_ref", metavar="PROJECT")
@click.argument("user")
def unshare(project_ref: str, user: str) -> None:
    """Stop sharing a project with a user."""
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable

    user = named(user)
    with session.connect() as client:
        found = refs.project(client, project_ref)
        client.remove_collaborator(project=found.id, user=user)
    click.echo(f"{printable(user)} has no part in project {printable(found.name)} any more.")
