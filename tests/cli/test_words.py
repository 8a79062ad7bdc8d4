"""Ages, tables, sizes and text from elsewhere."""

from __future__ import annotations

import json

import click
import pytest
from dotscience_cli import settings_of_run, tables
from dotscience_cli.age import human_duration
from dotscience_cli.progress import human_size
from dotscience_cli.text import printable, printable_json, printable_path

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "Less than a second"),
        (0, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (1.9, "1 second"),
        (59.9, "59 seconds"),
        (MINUTE, "About a minute"),
        (119.9, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (59.9 * MINUTE, "59 minutes"),
        (HOUR, "About an hour"),
        (1.4 * HOUR, "About an hour"),
        (1.6 * HOUR, "2 hours"),
        (47.4 * HOUR, "47 hours"),
        (47.6 * HOUR, "2 days"),
        (13.9 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59.9 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
        (3000 * DAY, "8 years"),
    ],
)
def test_ages_are_dockers(seconds: float, words: str) -> None:
    """At and around each step, the words are those that `docker ps` would have."""
    assert human_duration(seconds) == words


def test_a_table_looks_like_the_originals() -> None:
    """A listing that was published with the original command line comes out the same, character for character."""
    rows = [
        ("207142bc-da9f-4ca1-a58e-f06a3c0ad998", "gpu-runner-x", "0", "offline", "gpu-nvidia-runtime", "13 minutes"),
        ("c6d6f46f-4a32-4a9d-b649-acc28b282bc3", "worker-x", "0", "online", "CPU", "About an hour"),
    ]
    assert tables.render(("ID", "NAME", "RUNNING TASKS", "STATUS", "TYPE", "AGE"), rows).splitlines() == [
        (
            "ID                                     NAME                RUNNING TASKS       STATUS              "
            "TYPE                 AGE"
        ),
        (
            "207142bc-da9f-4ca1-a58e-f06a3c0ad998   gpu-runner-x        0                   offline             "
            "gpu-nvidia-runtime   13 minutes"
        ),
        (
            "c6d6f46f-4a32-4a9d-b649-acc28b282bc3   worker-x            0                   online              "
            "CPU                  About an hour"
        ),
    ]


def test_wide_characters_keep_the_columns() -> None:
    """Names in Chinese or with combining accents do not push the next column away."""
    lines = tables.render(("NAME", "AGE"), [("数据数据", "1"), ("e\u0301te\u0301", "2"), ("ete", "3")]).splitlines()
    assert [line.index(age) for line, age in zip(lines, ("AGE", "1", "2", "3"), strict=True)] == [20, 16, 22, 20]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 数", "plain ü 数"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines\t", "two\\nlines\\t"),
        ("c1\x9b31m", "c1\\x9b31m"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("lone\udcff", "lone\\udcff"),
    ],
)
def test_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    """Escape sequences, line ends and direction marks in names are shown, not obeyed."""
    assert printable(text) == shown


def test_json_stays_what_it_is() -> None:
    """Making a document harmless for a terminal does not change its value."""
    value = {"a\x9b": ["\x1b[2J", "ü", "\u202e", "\n"]}
    shown = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(shown) == value
    assert not set(shown) & set("\x1b\x9b\u202e")


def test_a_path_of_other_bytes_is_shown() -> None:
    """A byte that is no UTF-8 shows as an escape of that byte."""
    assert printable_path("caf\uefe9.txt") == "caf\\xe9.txt"


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512 << 20), ("8g", 8 << 30), ("1.5GiB", 3 << 29), ("10485760", 10 << 20), ("8192k", 8 << 20)],
)
def test_memory_sizes(text: str, size: int) -> None:
    """Sizes are written as for Docker."""
    assert settings_of_run.memory(text) == size


@pytest.mark.parametrize("text", ["", "m", "-5m", "5 apples", "1e9", "5m", "0"])
def test_bad_memory_sizes(text: str) -> None:
    """What is no size, or too little to start anything, is wrong usage."""
    with pytest.raises(click.UsageError):
        settings_of_run.memory(text)


def test_settings_are_set_passed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME=VALUE sets, also to nothing; NAME passes through; the last one counts."""
    monkeypatch.setenv("HERE", "from here")
    assert settings_of_run.environment(["A=1", "B=", "HERE", "A=2=3"]) == {"A": "2=3", "B": "", "HERE": "from here"}
    assert settings_of_run.labels(["gpu-type=a100", "example.org/x=y"]) == {"gpu-type": "a100", "example.org/x": "y"}


@pytest.mark.parametrize(("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (5e9, "5.0 GB")])
def test_sizes_for_people(size: float, words: str) -> None:
    """Three digits and a unit."""
    assert human_size(size) == words
