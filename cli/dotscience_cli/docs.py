"""The reference of the command line, made from the commands themselves.

``python -m dotscience_cli.docs`` writes docs/reference/cli.md of the checkout it is run in; ``--check`` fails when that
file lags behind.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from .main import ds

TARGET = Path("docs/reference/cli.md")
_HEAD = """# The command line

Made from `ds` itself by `python -m dotscience_cli.docs`; `ds help COMMAND` says the same.

Projects, datasets, tasks, runners and runs are named by id, by the beginning of an id that no other has, or by name.
Errors are one sentence on standard error; the exit status is 2 for wrong usage, 1 for failure, 130 after Ctrl-C. Every
listing has `--output json`. `ds --debug COMMAND` tells on standard error what is asked of the hub, and where an error
came from.

| variable | stands in for |
|---|---|
| `DOTSCIENCE_URL` | `ds set server-url` |
| `DOTSCIENCE_USERNAME`, `DOTSCIENCE_PASSWORD` | `ds login`; the password may be an API token |
| `DOTSCIENCE_TOKEN` | a login that is stored nowhere |
| `DOTSCIENCE_CONFIG_DIR` | where settings and logins are kept |
"""


def document() -> str:
    """The whole page."""
    root = click.Context(ds, info_name="ds", max_content_width=100, terminal_width=100, help_option_names=[])
    return _HEAD + "".join(_section(context) for context in _contexts(root))


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """The commands in the order of help, groups before what is in them; groups themselves only list."""
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _contexts(
            click.Context(found, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        )


def _section(context: click.Context) -> str:
    command = context.command
    formatter = click.HelpFormatter(width=100, max_width=100)
    command.format_options(context, formatter)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"\n## {context.command_path}\n\n```\n{usage}\n```\n", f"\n{_prose(command.help or '')}\n"]
    if options := formatter.getvalue().strip("\n"):
        parts.append(f"\n```\n{_dedent(options)}\n```\n")
    if command.epilog:
        parts.append(f"\n{_prose(command.epilog)}\n")
    return "".join(parts)


def _prose(text: str) -> str:
    """Paragraphs as they are; one that is marked as not to be wrapped becomes a block."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        "```\n" + part.lstrip("\b\n") + "\n```" if part.startswith("\b") else part for part in paragraphs
    )


def _dedent(options: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in options.splitlines() if line != "Options:")


def main(arguments: list[str]) -> int:
    """Write the page, or say that it lags behind."""
    if arguments != ["--check"]:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(document())
        return 0
    if TARGET.exists() and TARGET.read_text() == document():
        return 0
    sys.stderr.write(f"{TARGET} is not what the commands say; run `python -m dotscience_cli.docs`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
