"""The program ``ds``: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys

import click

from . import guard
from .lazy import LazyGroup

_COMMANDS = {
    name: f"dotscience_cli.commands.{where}"
    for name, where in {
        "login": "login:login",
        "logout": "login:logout",
        "whoami": "login:whoami",
        "set": "settings:settings",
        "run": "run:run",
        "jupyter": "jupyter:jupyter",
        "logs": "logs:logs",
        "task": "task:task",
        "project": "project:project",
        "file": "file:file",
        "dataset": "dataset:dataset",
        "runs": "runs:runs",
        "clone": "bound:clone",
        "init": "bound:init",
        "sync": "bound:sync",
        "runner": "runner:runner",
        "secret": "secret:secret",
        "completion": "completion:completion",
        "git-credential": "git_credential:git_credential",
        "help": "help:help_command",
        "version": "version:version",
    }.items()
}


@click.group(
    name="ds",
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback when a command fails.")
def ds(debug: bool) -> None:
    """Use Dotscience from the command line.

    Begin with `ds set server-url https://HUB` and `ds login USERNAME`; then `ds run -p PROJECT COMMAND...` runs a
    command on a runner. `ds help COMMAND` says more of each command.
    """


def main() -> None:
    """Run the command that the process's arguments name, and exit with its status."""
    status = guard.run(ds, sys.argv[1:])
    if status in (guard.INTERRUPTED, guard.BROKEN_PIPE):
        # Not sys.exit: a thread that prints a log may be stuck in a write, and hold what the interpreter would flush.
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
