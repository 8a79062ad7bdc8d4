"""What README and docs say can be followed: links lead somewhere, commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from dotscience_cli.main import ds
from dotscience_hub.launcher.main import main as dotscience_hub

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = {"ds": ds, "dotscience-hub": dotscience_hub}
LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)\)")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def typed(page: Path) -> Iterator[str]:
    """The lines of console blocks after a prompt, continued ones joined."""
    for block in CONSOLE.findall(page.read_text()):
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                yield line[2:]


def words(line: str) -> Iterator[list[str]]:
    """The simple commands of a shell line, without variables that are set before them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;()"):
            if command:
                yield command
            command = []
        elif command or not re.match(r"[A-Z_]+=", word) or "$" in word:
            command.append(word.split("$(")[-1] if not command else word)


def check(command: list[str]) -> None:
    """That a command and its options exist; arguments are not looked at."""
    place: click.Command = PROGRAMS[command[0]]
    context = click.Context(place, info_name=command[0])
    rest = command[1:]
    while isinstance(place, click.Group) and rest:
        found = place.get_command(context, rest[0])
        assert found is not None, f"{shlex.join(command)}: there is no {rest[0]}"
        place, rest = found, rest[1:]
        context = click.Context(place, context, info_name=place.name)
    assert not isinstance(place, click.Group) or not rest
    known = {name for parameter in place.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    for word in rest:
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in known, f"{shlex.join(command)}: there is no option {word}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder of the repository, and its anchor a heading."""
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_exist(page: Path) -> None:
    """Every `ds` and `dotscience-hub` that is to be typed is one, with the options that are shown."""
    for line in typed(page):
        for command in words(line):
            if command[0] in PROGRAMS:
                check(command)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` that is to be typed, or is named in the text, has a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|`|\$ )make ([a-z-]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= targets


def test_the_commands_are_found() -> None:
    """The readers above do read: the README shows these, and a wrong one is noticed."""
    shown = [command for line in typed(ROOT / "README.md") for command in words(line)]
    assert ["ds", "login", "admin"] in shown
    assert ["make", "demo"] in shown
    tutorial = [c for line in typed(ROOT / "docs/tutorial/first-project.md") for c in words(line)]
    assert ["ds", "runs", "ls", "line"] in tutorial
    assert ["ds", "git-credential", "get"] in list(words("TOKEN=$(printf x | ds git-credential get | head -1)"))
    for wrong in (["ds", "rums", "ls"], ["ds", "runs", "ls", "--nonsense", "x"]):
        with pytest.raises(AssertionError):
            check(wrong)


def test_every_page_can_be_found_from_the_index() -> None:
    """A page that nothing links to is read by nobody."""
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index} <= linked


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_pictures_are_there(page: Path) -> None:
    """Each picture that a page shows is in the repository."""
    shown = re.findall(r'(?:src|srcset)="([^":]+)"', FENCE.sub("", page.read_text()))
    assert [name for name in shown if not (page.parent / name).is_file()] == []
