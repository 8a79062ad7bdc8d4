"""Row 10: `.dotscience-ignore`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from .site import Person

NAMES = ["a.csv", "a.csv.gz", "ab", "abc", "b1", "b-", "b_", "b+", "bA", "*", "x", "{a}", "deep/a.csv", "deep/ab"]


def fill(folder: Path, names: list[str], rules: Mapping[str, str]) -> None:
    """Write files, and the ignore files of folders."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    for where, text in rules.items():
        (folder / where / ".dotscience-ignore").write_text(text)


def uploaded(person: Person, folder: Path) -> set[str]:
    """The files of a new project that the folder was put into, as `ds run -u` does."""
    project = person.project()
    person("file", "put", project, str(folder), ".")
    return set(person("file", "ls", "-q", project).splitlines())


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("*.csv", {"a.csv", "deep/a.csv"}),
        ("a?", {"ab", "deep/ab"}),
        ("{abc,x}", {"abc", "x"}),
        ("a{b,bc,.csv.*}", {"ab", "abc", "a.csv.gz", "deep/ab"}),
        (r"\*", {"*"}),
        (r"\{a\}", {"{a}"}),
        (r"b[a-zA-Z0-9\-_]", {"b1", "b-", "b_", "bA"}),
        ("b[!a-z0-9]", {"b-", "b_", "b+", "bA"}),
        ("\n# a comment\n\n   \nab\n", {"ab", "deep/ab"}),
        ("*\n-a*", {"b1", "b-", "b_", "b+", "bA", "*", "x", "{a}", "deep/a.csv", "deep/ab"}),
    ],
)
def test_each_kind_of_pattern(person: Person, tmp_path: Path, pattern: str, left_out: set[str]) -> None:
    """What matches is left out, in the folder of the file and those beneath; the rest is uploaded."""
    fill(tmp_path, NAMES, {"": pattern})
    assert set(NAMES) - uploaded(person, tmp_path) == left_out


def test_the_rules_hold_for_ds_run(person: Person, project: str, tmp_path: Path) -> None:
    """`ds run -u` heeds them."""
    fill(tmp_path, ["keep.py", "data.csv", "sub/data.csv"], {"": "*.csv\n"})
    done = person.run(project, "-u", str(tmp_path), "sh", "-c", "find . -type f")
    assert done.stdout == b"./keep.py\n"


def test_files_in_folders_hold_there_and_come_later(person: Person, tmp_path: Path) -> None:
    """A deeper file adds patterns, and cancels those of shallower ones, for its folder and those beneath."""
    names = ["a.csv", "a.log", "in/a.csv", "in/a.log", "in/side/a.csv", "in/side/a.log", "out/a.log"]
    fill(tmp_path, names, {"": "*.csv\n", "in": "-*.csv\n*.log\n", "in/side": "*.csv\n-*.log\n"})
    assert uploaded(person, tmp_path) == {"a.log", "in/a.csv", "in/side/a.log", "out/a.log"}


def test_hidden_files_are_let_in_by_a_cancelled_pattern(person: Person, tmp_path: Path) -> None:
    """`-.*` uploads names that start with a dot."""
    fill(tmp_path, ["a", ".env", ".conf/x"], {})
    assert uploaded(person, tmp_path) == {"a"}
    fill(tmp_path, [], {"": "-.*\n"})
    assert uploaded(person, tmp_path) == {"a", ".env", ".conf/x", ".dotscience-ignore"}


@pytest.mark.parametrize("bad", ["[abc", "{a,b", "x\\", "[z-a]", "-"])
def test_a_bad_pattern_names_file_and_line(person: Person, project: str, tmp_path: Path, bad: str) -> None:
    """Exit status 1; nothing is uploaded, and no task is made."""
    fill(tmp_path, ["new.txt", "sub/x"], {"sub": f"*.ok\n# fine\n{bad}\n"})
    said = person.fails("run", "-p", project, "-u", str(tmp_path), "true")
    assert f"sub{os.sep}.dotscience-ignore:3: bad pattern {bad!r}" in said
    assert "new.txt" not in person("file", "ls", "-q", project)
