"""``dotscience-runner``: the agent's command line."""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dotscience_runner.agent import machine
from dotscience_runner.agent.agent import Agent, Rejected, Settings
from dotscience_runner.agent.library import NoLibrary
from dotscience_runner.agent.spool import Spool, SpoolInUse
from dotscience_runner.backends import choose
from dotscience_runner.backends.base import BackendError
from jupyter_dotscience._version import __version__
from jupyter_dotscience.api.problems import DotscienceError
from jupyter_dotscience.api.tasks import Labels
from jupyter_dotscience.client import Client

USAGE, FAILURE = 2, 1
DEFAULT_SLOTS = 2
_PR_SET_DUMPABLE = 4
_EPILOG = """\
environment:
  TOKEN            the runner's token, as `ds runner create` showed it; or
  TOKEN_FILE       a file that holds it
  DOTSCIENCE_URL   the hub's address, unless --url is given

The agent ends at SIGTERM or SIGINT. Tasks that run go on; the next agent with the same spool goes on with them.
"""


class UsageError(Exception):
    """The command line or the environment is wrong; one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; answer its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    for name in ("urllib3", "tornado"):
        logging.getLogger(name).setLevel(logging.ERROR)
    keep_private()
    try:
        return _run(options, os.environ)
    except UsageError as error:
        sys.stderr.write(f"dotscience-runner: {error}\n")
        return USAGE
    except (BackendError, DotscienceError, NoLibrary, SpoolInUse, OSError) as error:
        sys.stderr.write(f"dotscience-runner: {error}\n")
        return FAILURE


def keep_private() -> None:
    """Let no process of the same user read this one's memory or environment, where the token is.

    A task without a sandbox is such a process. See PR_SET_DUMPABLE in prctl(2), and proc(5) on /proc/PID/environ.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dotscience-runner",
        description="Execute tasks of a Dotscience hub on this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", help="the hub's address, such as https://hub.example.org")
    parser.add_argument("--spool", type=Path, default=Path("/spool"), metavar="FOLDER", help="where all state is kept")
    parser.add_argument("--backend", choices=["auto", "docker", "process", "dummy"], default="auto")
    parser.add_argument("--label", action="append", default=[], metavar="NAME[=VALUE]", help="may be repeated")
    parser.add_argument("--slots", type=int, default=DEFAULT_SLOTS, metavar="N", help="tasks at a time (%(default)s)")
    parser.add_argument("--gpus", type=int, metavar="N", help="GPUs for tasks (those that nvidia-smi lists)")
    parser.add_argument(
        "--repositories", action="append", default=[], type=Path, metavar="FOLDER",
        help="let tasks clone repositories below FOLDER of this machine; may be repeated",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    url = options.url or environment.get("DOTSCIENCE_URL")
    if not url:
        raise UsageError("the hub's address is missing: set DOTSCIENCE_URL, or give --url")
    if options.slots < 1:
        raise UsageError("--slots must be at least 1")
    if options.gpus is not None and options.gpus < 0:
        raise UsageError("--gpus must not be negative")
    gpus = len(machine.gpus()) if options.gpus is None else options.gpus
    settings = Settings(
        slots=options.slots, gpus=gpus, labels=_labels(options.label), repositories=tuple(options.repositories)
    )
    client = Client(url, _token(environment), retry_for=0)
    spool = Spool(options.spool)
    try:
        agent = Agent(client, spool, choose(options.backend, spool.root, gpus), settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.close())
        agent.run()
    except Rejected as error:
        sys.stderr.write(f"dotscience-runner: {error}\n")
        return FAILURE
    finally:
        spool.close()
        client.close()
    return 0


def _token(environment: Mapping[str, str]) -> str:
    """The token. Not from the command line: that is seen in lists of processes."""
    file = environment.get("TOKEN_FILE")
    try:
        token = Path(file).read_text().strip() if file else environment.get("TOKEN", "").strip()
    except OSError as error:
        raise UsageError(f"the token file {file} cannot be read: {error.strerror}") from None
    if not token:
        raise UsageError("the runner's token is missing: set TOKEN, or TOKEN_FILE to a file that holds it")
    return token


def _labels(given: Sequence[str]) -> dict[str, str]:
    pairs = (text.partition("=") for text in given)
    try:
        return msgspec.convert({name: value for name, _, value in pairs}, Labels)
    except msgspec.ValidationError as error:
        raise UsageError(f"a --label cannot be used: {error}") from None
