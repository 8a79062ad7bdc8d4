"""Help, version, completion and the reference made from them."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from dotscience_cli import docs
from dotscience_cli.main import ds as root

from jupyter_dotscience._version import __version__

from .program import Program

ROOT = Path(__file__).resolve().parents[2]


def _all(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += _all(child, (*path, name))
    return found


def test_the_reference_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed page is what the commands say now."""
    monkeypatch.chdir(ROOT)
    assert docs.main(["--check"]) == 0


def test_every_command_has_help() -> None:
    """At every level: a sentence for each command, and one for each option."""
    for path in _all(root):
        context = click.Context(root, info_name="ds")
        command: click.Command = root
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(context, name)
            assert found is not None
            command = found
        assert command.help, path
        assert all(p.help for p in command.params if isinstance(p, click.Option)), path


def test_help_in_both_forms(tmp_path: Path) -> None:
    """`ds help project create` and `ds project create --help` say the same; an unknown command is wrong usage."""
    ds = Program.at(tmp_path)
    assert ds("help", "project", "create").stdout == ds("project", "create", "--help").stdout
    assert b"Manage projects" in ds("help").stdout
    unknown = ds("help", "nonsense")
    assert (unknown.returncode, b"no command `ds nonsense`" in unknown.stderr) == (2, True)
    assert ds("nonsense").returncode == 2


def test_version(tmp_path: Path) -> None:
    """The sentence is the manual's."""
    assert Program.at(tmp_path)("version").stdout.decode() == f"Dotscience command-line tool version: {__version__}\n"


def test_version_is_quick_because_it_imports_little(tmp_path: Path) -> None:
    """Neither the contract nor the HTTP client is loaded for help and version."""
    program = Program.at(tmp_path, PYTHONPROFILEIMPORTTIME="1")
    for arguments in (["version"], ["--help"], ["run", "--help"]):
        loaded = program(*arguments).stderr
        assert b"click" in loaded
        assert not any(name in loaded for name in (b"msgspec", b"urllib3", b"wcmatch", b"http.client"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str) -> None:
    """The code for the shell names the program, and asking it as a shell does completes commands."""
    ds = Program.at(tmp_path)
    assert b"_DS_COMPLETE" in ds("completion", shell).stdout
    asked = ds.with_variables(
        _DS_COMPLETE=f"{shell}_complete", COMP_WORDS="ds pro", COMP_CWORD="pro" if shell == "fish" else "1"
    )
    assert b"project" in asked().stdout


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    """Without --debug never a traceback, with it always."""
    ds = Program.at(tmp_path)
    assert b"Traceback" not in ds("project", "ls").stderr
    assert b"Traceback" in ds("--debug", "project", "ls").stderr
