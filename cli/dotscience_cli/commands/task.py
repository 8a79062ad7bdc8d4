"""``ds task``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.people import named
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.tasks import Task

_STATES = ["queued", "assigned", "preparing", "running", "saving", "succeeded", "failed", "stopped", "lost"]


@click.group(cls=Group)
def task() -> None:
    """Manage tasks: what runs, ran or waits to run."""


@task.command("ls")
@click.option("-p", "--project", help="Only tasks of this project.")
@click.option("--status", type=click.Choice(_STATES), help="Only tasks in this state.")
@listing_options
def ls(project: str | None, status: str | None, quiet: bool, output: str) -> None:
    """List the tasks of your projects, newest first.

    Terminated tasks stay in the list for some days, unless `ds task rm` removes them.
    """
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.tasks import TaskListQuery, TaskStatus

    with session.connect() as client:
        project_id = refs.project(client, project).id if project else None
        state = TaskStatus(status) if status else None

        def page(cursor: str | None) -> refs.Page:
            return client.list_tasks(query=TaskListQuery(project=project_id, status=state, cursor=cursor))

        found: list[Task] = refs.pages(page)
    tables.show(found, ("ID", "STATUS", "WORKLOAD", "AGE"), _row, lambda t: t.id, quiet=quiet, output=output)


def _row(item: Task) -> tuple[str, ...]:
    from dotscience_cli.age import age
    from jupyter_dotscience.api.tasks import CommandWorkload

    workload = "command" if isinstance(item.workload, CommandWorkload) else "jupyter"
    return item.id, item.status.value, workload, age(item.created)


@task.command()
@click.argument("task_id", metavar="ID")
def inspect(task_id: str) -> None:
    """Show all details of a task as JSON."""
    from dotscience_cli import refs, session, tables

    with session.connect() as client:
        tables.print_json([client.get_task(task=refs.task(client, task_id).id)])


@task.command()
@click.argument("task_id", metavar="ID")
def stop(task_id: str) -> None:
    """Ask a task to stop.

    Its results are still saved, which may take a while; `ds task ls` shows when it is done.
    """
    from dotscience_cli import refs, session

    with session.connect() as client:
        found = refs.task(client, task_id)
        if ended := found.status.terminal:
            click.echo(f"Task {found.id} has already ended: {found.status.value}.")
        else:
            found = client.stop_task(task=found.id)
    if not ended:
        # It may have ended otherwise before the hub was asked.
        click.echo(f"Task {found.id} is {found.status.value if found.status.terminal else 'stopping'}.")


@task.command()
@click.argument("task_id", metavar="ID")
def rm(task_id: str) -> None:
    """Remove a terminated task from the list."""
    from dotscience_cli import refs, session
    from dotscience_cli.guard import Failure

    with session.connect() as client:
        found = refs.task(client, task_id)
        if not found.status.terminal:
            raise Failure(f"Task {found.id} is {found.status.value}. Stop it first with `ds task stop {found.id}`.")
        client.delete_task(task=found.id)
    click.echo(found.id)


@task.command()
@click.argument("task_id", metavar="ID")
@click.argument("user")
def share(task_id: str, user: str) -> None:
    """Let a collaborator into your running JupyterLab, and print its address.

    USER must be a writer of the project. They work in it as you: on your runner, and what they save is yours. It ends
    when your JupyterLab stops, or with `ds task unshare`.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable
    from jupyter_dotscience.client.servers import address_of

    user = named(user)
    with session.connect() as client:
        found = refs.task(client, task_id)
        client.add_guest(task=found.id, user=user)
        address = address_of(client.url, found)
    click.echo(f"{printable(user)} may open {address}")


@task.command()
@click.argument("task_id", metavar="ID")
@click.argument("user")
def unshare(task_id: str, user: str) -> None:
    """Let somebody into your JupyterLab no more.

    What they have open may go on working until they close it; `ds task stop` ends that, too.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable

    user = named(user)
    with session.connect() as client:
        client.remove_guest(task=refs.task(client, task_id).id, user=user)
    click.echo(f"{printable(user)} can open it no more.")
