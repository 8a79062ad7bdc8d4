"""``ds run``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dotscience_cli.follow import Follower, Interrupts
    from jupyter_dotscience.api.tasks import Task, TaskCreate
    from jupyter_dotscience.client import Client

DID_NOT_START = (None, 125, 126, 127)
"""Exit codes of jobs that did not run, as Docker and shells have them: then the reason is an error of its own."""


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("-p", "--project-name", "--project", "project", metavar="PROJECT", required=True, help="Name or id.")
@click.option("-I", "--image", help="Container image; without it python:3, in which `import dotscience` works.")
@click.option(
    "-u",
    "--upload-path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="First upload what changed in DIRECTORY and below, but for hidden files and what .dotscience-ignore names.",
)
@click.option(
    "-R", "--repo", metavar="REPO", help="First clone the git repository REPO, or update it, in a folder there."
)
@click.option("-b", "--ref", metavar="REF", help="Branch, tag or commit of REPO; without it the default branch.")
@click.option("-e", "--env", multiple=True, metavar="NAME[=VALUE]", help="Set, or pass on, an environment variable.")
@click.option("-r", "--label", multiple=True, metavar="NAME[=VALUE]", help="Only a runner with this label.")
@click.option("-d", "--async", "detach", is_flag=True, help="Print the task's id and return.")
@click.option("--nvidia", is_flag=True, help="Only a runner with a GPU, and use one.")
@click.option("--cpus", type=click.FloatRange(0, 4096, min_open=True), help="At most so many processor cores.")
@click.option("--memory", metavar="SIZE", help="At most so much memory, such as 512m or 8g.")
@click.option("-v", "--verbose", is_flag=True, help="Also show what runner and hub do, on standard error.")
@click.option(
    "-c", "words", multiple=True, metavar="WORD", help="A word of the command, or all of it as a shell would."
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(
    *,
    project: str,
    image: str | None,
    upload_path: Path | None,
    repo: str | None,
    ref: str | None,
    env: tuple[str, ...],
    label: tuple[str, ...],
    detach: bool,
    nvidia: bool,
    cpus: float | None,
    memory: str | None,
    verbose: bool,
    words: tuple[str, ...],
    command: tuple[str, ...],
) -> int:
    """Run COMMAND on a runner, in the workspace of a project.

    Everything after the first word that is no option, or after `--`, is the command with its own options. The job's
    standard output and standard error are shown as they come; its metadata follows on standard error. The exit status
    is the job's. Ctrl-C stops the job and waits until its results are saved; a second Ctrl-C leaves at once.

    \b
    Examples:
      ds run -p iris python train.py --epochs 10
      ds run -p iris -u . -e SEED=1 -I python:3.12 -- python train.py
      ds run -p iris -R https://example.org/fit.git -b v2 python fit/train.py
      ds run -p iris -d -r site=berlin bash -c 'make && ./fit'
    """  # noqa: D301 - click's own mark for "do not wrap"
    from dotscience_cli import refs, session, settings_of_run
    from jupyter_dotscience.api.tasks import DEFAULT_IMAGE, CommandWorkload, Resources, TaskCreate

    wish = TaskCreate(
        workload=CommandWorkload(
            command=_command(words, command),
            image=_image(image or DEFAULT_IMAGE),
            environment=settings_of_run.environment(env),
            repository=settings_of_run.repository(repo, ref),
        ),
        labels=settings_of_run.labels(label),
        resources=Resources(cpus=cpus, memory=settings_of_run.memory(memory), gpus=1 if nvidia else 0),
    )
    with session.connect() as client:
        found = refs.project(client, project).id
        if upload_path is not None:
            wish = _with_upload(client, found, upload_path, wish)
        if detach:
            click.echo(client.create_task(wish, project=found).id)
            return 0
        return _attached(client, found, wish, verbose=verbose)


def _command(words: tuple[str, ...], rest: tuple[str, ...]) -> list[str]:
    import shlex

    from dotscience_cli.settings_of_run import utf8

    found = [*words, *rest]
    if len(words) == 1 and not rest:
        try:
            found = shlex.split(words[0])
        except ValueError as error:
            raise click.UsageError(f"-c: {error}.") from None
    if not found or not found[0]:
        raise click.UsageError("The command is missing: `ds run -p PROJECT COMMAND...`.")
    return [utf8(word, "The command") for word in found]


def _image(name: str) -> str:
    import re

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/:@\-]{0,399}", name):
        raise click.UsageError(f"-I: {name!r} is not the name of an image, such as python:3.12.")
    return name


def _with_upload(client: Client, project: str, directory: Path, wish: TaskCreate) -> TaskCreate:
    import msgspec

    from dotscience_cli.upload import upload

    return msgspec.structs.replace(wish, commit=upload(client, project, directory))


def _attached(client: Client, project: str, wish: TaskCreate, *, verbose: bool) -> int:
    from dotscience_cli.follow import Follower, Interrupts, exit_status
    from dotscience_cli.guard import NobodyListens, say

    with Interrupts() as interrupts:
        task = client.create_task(wish, project=project)
        if verbose:
            say(f"Task {task.id} is queued.")
        follower = Follower(client, task, interrupts, verbose=verbose)
        try:
            task = follower.follow()
            _report(client, task, follower)
        except KeyboardInterrupt:
            _leave(task, follower, interrupts)
            raise
        except NobodyListens:
            raise
        except Exception:
            say(f"The task is not followed any further; `ds logs -f {task.id}` shows how it goes on.")
            raise
    return exit_status(task)


def _report(client: Client, task: Task, follower: Follower) -> None:
    """The metadata, on standard error: standard output is the job's alone."""
    from dotscience_cli.guard import say
    from dotscience_cli.summary import SHOWN_RUNS, describe
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.problems import DotscienceError

    runs = []
    for run_id in task.runs[:SHOWN_RUNS]:
        try:
            runs.append(client.get_run(project=task.project, run=run_id))
        except DotscienceError as error:
            say(f"Warning: run {run_id} cannot be shown: {error}")
    if follower.midline and sys.stdout.isatty():
        click.echo()
    if task.exit_code in DID_NOT_START and task.status.value in ("failed", "lost"):
        say(f"Error: {printable(task.message or 'The job did not run.')}")
    say("\n" + describe(task, runs))


def _leave(task: Task, follower: Follower, interrupts: Interrupts) -> None:
    from dotscience_cli.guard import say

    if interrupts.count > 1 and not follower.stop_arrived:
        say(f"\nThe hub may not know that it shall stop the task; `ds task stop {task.id}` says so.")
    elif interrupts.count > 1:
        say(f"\nThe task is still being stopped; `ds task inspect {task.id}` shows when it is done.")
