"""``ds runner``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.runners import Runner

DEFAULT_IMAGE = "dotscience-runner:latest"


@click.group(cls=Group)
def runner() -> None:
    """Manage runners: the machines that execute tasks."""


@runner.command("ls")
@listing_options
def ls(quiet: bool, output: str) -> None:
    """List your runners, and those that are shared with everyone."""
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.runners import RunnerQuery

    with session.connect() as client:
        found = refs.pages(lambda cursor: client.list_runners(query=RunnerQuery(cursor=cursor)))
    headings = ("ID", "NAME", "RUNNING TASKS", "STATUS", "TYPE", "AGE")
    tables.show(found, headings, _row, lambda r: r.name, quiet=quiet, output=output)


def _row(item: Runner) -> tuple[str, ...]:
    from dotscience_cli.age import age

    return item.id, item.name, str(item.running_tasks), item.status.value, item.type.value, age(item.created)


@runner.command()
@click.argument("runner_ref", metavar="RUNNER")
def inspect(runner_ref: str) -> None:
    """Show all details of a runner as JSON, with the tasks that it has run or is running.

    The tasks of a shared runner are shown to who created it.
    """
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.problems import Forbidden

    with session.connect() as client:
        found = refs.runner(client, runner_ref)
        with contextlib.suppress(Forbidden):  # somebody else's shared runner: what the list tells of it is all there is
            found = client.get_runner(runner=found.id)
        tables.print_json([found])


@runner.command()
@click.option("-q", "--quiet", is_flag=True, help="Print the command that starts the runner, and nothing else.")
@click.option("-d", "--description", default="", help="What it is.")
@click.option(
    "-s", "--size", default=10, show_default=True, type=click.IntRange(1, 10_000_000), help="Storage in gigabytes."
)
@click.option(
    "-t",
    "--type",
    "kind",
    default="cpu",
    show_default=True,
    type=click.Choice(["cpu", "gpu-nvidia-runtime"]),
    help="What it offers.",
)
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label that tasks can ask for with -r.")
@click.option("--shared", is_flag=True, help="It takes the tasks of all users (administrators only).")
@click.option("--runner-image", default=DEFAULT_IMAGE, show_default=True, help="The runner's own container image.")
@click.argument("name", required=False)
def create(
    quiet: bool,
    description: str,
    size: int,
    kind: str,
    labels: tuple[str, ...],
    shared: bool,
    runner_image: str,
    name: str | None,
) -> None:
    """Create a runner and print the command that starts it on a machine with Docker.

    The token in that command is shown this once. Without NAME one is picked.
    """
    from dotscience_cli import session, settings_of_run
    from jupyter_dotscience.api.runners import RunnerCreate, RunnerType

    wish = RunnerCreate(
        name=name,
        description=description,
        type=RunnerType(kind),
        storage=size,
        labels=settings_of_run.labels(labels),
        shared=shared,
    )
    with session.connect() as client:
        made = client.create_runner(wish)
        start = start_command(client.url, made.token, runner_image, gpu=made.runner.type is RunnerType.GPU)
    if not quiet:
        click.echo(_introduction(made.runner))
    click.echo(start)


def _introduction(made: Runner) -> str:
    from dotscience_cli.text import printable

    return (
        f"Runner ID:        {made.id}\n"
        f"Runner name:      {printable(made.name)}\n"
        f"Runner type:      {made.type.value}\n\n"
        "To start a runner, run:\n"
    )


def start_command(url: str, token: str, image: str, *, gpu: bool) -> str:
    """The command that starts the agent in a container.

    Args:
        url: The hub's address.
        token: The runner's.
        image: The agent's own image.
        gpu: Whether its tasks use GPUs.
    """
    import shlex

    name = shlex.quote(image)
    # An image without a repository's name was built on the machine (`make runner-image`): there is nothing to pull.
    pull = f"docker pull {name} && \\\n" if "/" in image else ""
    more = ("--network host " if _loopback(url) else "") + ("--gpus all " if gpu else "")
    return (
        f"{pull}docker run --name dotscience-runner -d -e TOKEN={token} -e DOTSCIENCE_URL={shlex.quote(url)} \\\n"
        "--restart always -v /var/run/docker.sock:/var/run/docker.sock \\\n"
        f"-v dotscience-task-spool:/spool {more}\\\n"
        f"{name}"
    )


def _loopback(url: str) -> bool:
    """Whether the hub's address is this machine's own: from a container it is only reached on the host's network."""
    import ipaddress
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@runner.command()
@click.argument("runner_ref", metavar="RUNNER")
def rm(runner_ref: str) -> None:
    """Remove a runner. Its running tasks go back to the queue."""
    from dotscience_cli import refs, session

    with session.connect() as client:
        found = refs.runner(client, runner_ref)
        client.delete_runner(runner=found.id)
    click.echo(found.id)
