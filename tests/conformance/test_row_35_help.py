"""Row 35: `ds help [COMMAND]`, `ds COMMAND --help`, `ds version`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_dotscience._version import __version__
from tests.cli.program import Program

MANUAL = {
    "login": (),
    "set server-url": (),
    "run": ("-p", "-d", "-I", "-u", "-e", "-R", "-b", "-r", "-v", "--nvidia", "--async"),
    "task ls": ("-q", "--project", "--status", "--output"),
    "task inspect": (),
    "task stop": (),
    "task rm": (),
    "logs": ("-v", "-f"),
    "project ls": ("-q", "--output"),
    "project create": (),
    "project inspect": (),
    "project rm": ("--force",),
    "file ls": ("-q", "--output"),
    "runs ls": ("--summary-type", "--output"),
    "runs inspect": ("--project",),
    "runner ls": ("-q", "--output"),
    "runner inspect": (),
    "runner create": ("-q", "-d", "-s", "-t"),
    "runner rm": (),
    "version": (),
}
"""Commands of the manual that exist, with their options."""


@pytest.fixture
def ds(tmp_path: Path) -> Program:
    """Fresh: no hub, no login; help needs neither."""
    return Program.at(tmp_path)


def listed(text: str) -> list[str]:
    """The commands that a help page lists."""
    _, _, commands = text.partition("\nCommands:\n")
    return re.findall(r"^  (\S+)", commands, re.MULTILINE)


def pages(ds: Program, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The help of a command and of all below it."""
    done = ds("help", *path)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    yield path, text
    for name in listed(text):
        yield from pages(ds, (*path, name))


def test_help_of_every_command_at_every_level(ds: Program) -> None:
    """Each page begins with how it is used; no sentence is cut off; all commands of the manual are there."""
    found = dict(pages(ds))
    for path, text in found.items():
        assert text.startswith(" ".join(["Usage: ds", *path]))
        assert "..." not in text.partition("\nCommands:\n")[2], (path, text)
    assert set(MANUAL) <= {" ".join(path) for path in found}
    for command, options in MANUAL.items():
        text = found[tuple(command.split())]
        assert all(re.search(rf"(^|[ ,]){option}\b", text, re.MULTILINE) for option in options), (command, text)


def test_both_ways_to_ask_say_the_same(ds: Program) -> None:
    """`ds help COMMAND`, `ds COMMAND --help` and `-h`."""
    for command in (["version"], ["run"], ["runner", "create"], ["task"]):
        said = {ds(*arguments).stdout for arguments in (["help", *command], [*command, "--help"], [*command, "-h"])}
        assert len(said) == 1
    assert ds("help").stdout == ds("--help").stdout


def test_help_of_version_is_the_manuals(ds: Program) -> None:
    """The manual's own example."""
    said = ds("help", "version").stdout.decode()
    assert "Display the version of the Dotscience command-line tool" in said
    assert "-h, --help" in said


def test_version(ds: Program) -> None:
    """The manual's own words."""
    done = ds("version")
    assert (done.returncode, done.stdout.decode()) == (0, f"Dotscience command-line tool version: {__version__}\n")


def test_a_command_that_is_none(ds: Program) -> None:
    """Wrong usage that says where all are listed."""
    for arguments in (["help", "nonsense"], ["nonsense"], ["task", "nonsense"]):
        done = ds(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"nonsense" in done.stderr
