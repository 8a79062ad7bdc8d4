"""Where every error of ``ds`` ends: one sentence on stderr and an exit status, never a traceback unless asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
BROKEN_PIPE = 141
"""128 + SIGPIPE."""


class Failure(click.ClickException):
    """A command cannot do what was asked. Its text is one sentence that says what to do next. Exit status 1."""


class NobodyListens(Exception):
    """What read our output has gone. Not BrokenPipeError, which click would make an exit status 1 of."""


def run(command: click.Group, arguments: Sequence[str]) -> int:
    """Execute a command line.

    Returns:
        The exit status: the command's own, 2 for wrong usage, 1 for failure, 130 when interrupted.
    """
    _be_lenient()
    debug = "--debug" in _before_command(arguments)
    try:
        result = command.main(args=list(arguments), prog_name="ds", standalone_mode=False)
        status = result if isinstance(result, int) else 0
        sys.stdout.flush()
        return status
    except BaseException as error:  # noqa: BLE001 - this is the boundary
        if debug:
            import traceback

            traceback.print_exc()
        return _status(error)


def _be_lenient() -> None:
    """Characters that a terminal's encoding lacks are shown as escapes instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _before_command(arguments: Sequence[str]) -> Sequence[str]:
    for index, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return arguments[:index]
    return arguments


def _status(error: BaseException) -> int:
    if isinstance(error, click.exceptions.Exit):
        return int(error.exit_code)
    if isinstance(error, NobodyListens):
        return _nobody_listens()
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    say(f"Error: {_sentence(error)}")
    return 2 if _is_not_utf8(error) else 1


def _is_not_utf8(error: BaseException) -> bool:
    """Whether a word of the command line holds bytes that are not UTF-8, which Python hides in surrogates (PEP 383)."""
    return isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed"


def _nobody_listens() -> int:
    """Leave quietly: what reads our output has gone. Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _sentence(error: BaseException) -> str:
    from jupyter_dotscience.api.problems import DotscienceError, NotLoggedIn

    from .text import printable

    if isinstance(error, NotLoggedIn) and "ds login" not in str(error):
        return printable(f"{str(error).rstrip('.')}. Log in again with `ds login USERNAME`.")
    if isinstance(error, DotscienceError):
        return printable(str(error))
    if _is_not_utf8(error):
        return "A word of the command line holds bytes that are not UTF-8; nothing can have such a name."
    if isinstance(error, OSError) and error.strerror:
        return printable(f"{error.strerror}: {error.filename}" if error.filename else error.strerror) + "."
    return printable(f"something unexpected happened ({type(error).__name__}: {error}); `ds --debug ...` shows where.")


def say(message: str) -> None:
    """A message for people, on stderr; a closed stderr is no reason to fail."""
    try:
        click.echo(message, err=True)
    except OSError:
        return
