"""Row 9: `ds run -u DIRECTORY`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .site import Person

LIST = ("find", ".", "-type", "f")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, one of them deeper, and hidden ones."""
    made = tmp_path / "code"
    for name in ("train.py", "lib/tools.py", ".env", "lib/.cache", ".git/config"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"# {name}\n")
    return made


def files(person: Person, project: str) -> set[str]:
    return set(person("file", "ls", "-q", project).splitlines())


def test_the_files_are_there_before_the_job_and_hidden_ones_are_not(person: Person, folder: Path) -> None:
    """The job sees DIRECTORY and all below it, but for names that start with a dot."""
    project = person.project()
    done = person.run(project, "-u", str(folder), "sh", "-c", "find . -type f | sort")
    assert done.stdout == b"./lib/tools.py\n./train.py\n"
    assert files(person, project) == {"train.py", "lib/tools.py"}


def test_the_current_folder(person: Person, folder: Path) -> None:
    """`-u .` is easy to type."""
    project = person.project()
    assert person("run", "-p", project, "-u", ".", "cat", "train.py", cwd=folder) == "# train.py\n"


def test_only_what_changed_is_uploaded(person: Person, folder: Path) -> None:
    """The second time one file, the third time none; nothing changed makes no new version."""
    project = person.project()
    said = []
    for _ in range(2):
        said.append(person.run(project, "-u", str(folder), "true").stderr.decode())
        (folder / "train.py").write_text("# changed\n")
    said += [person.run(project, "-u", str(folder), "cat", "train.py").stderr.decode() for _ in range(2)]
    counts = [next((line for line in text.splitlines() if line.startswith("Uploading")), "") for text in said]
    assert counts == [
        "Uploading 2 changed files (26 B).",
        "Uploading 1 changed file (10 B).",
        "",
        "",
    ]
    assert person("file", "get", project, "train.py", "-") == "# changed\n"


def test_files_of_the_workspace_that_the_folder_has_not_stay(person: Person, folder: Path) -> None:
    """Results of earlier jobs are not lost, nor is a file that was deleted here."""
    project = person.project()
    person.run(project, "-u", str(folder), "sh", "-c", "echo 1 > result.txt")
    (folder / "lib" / "tools.py").unlink()
    person.run(project, "--upload-path", str(folder), "true")
    assert files(person, project) == {"train.py", "lib/tools.py", "result.txt"}


def test_a_progress_bar_is_drawn_on_a_terminal(person: Person, folder: Path) -> None:
    """It ends at 100 %; in a pipe there is a plain line and no bar."""
    project = person.project()
    (folder / "big.bin").write_bytes(os.urandom(12_000_000))
    with person.terminal("run", "-p", project, "-u", str(folder), "true") as terminal:
        at = terminal.expect("━".encode())
        terminal.expect(b"100%", at)
        terminal.expect(b"12.0/12.0 MB", at)
        assert terminal.end() == 0
    (folder / "big.bin").write_bytes(os.urandom(12_000_000))
    done = person.run(project, "-u", str(folder), "true")
    assert b"\r" not in done.stderr
    assert b"Uploading 1 changed file (12.0 MB)." in done.stderr


def test_odd_names_and_bytes_arrive_as_they_are(person: Person, tmp_path: Path) -> None:
    """Blanks, quotes, line ends and names that are no UTF-8; executable files stay executable."""
    project = person.project()
    names = [b"a b", b"it's", b"new\nline", b"\xff\xfe", "ü".encode(), b"-p"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    (tmp_path / "tool").write_text("#!/bin/sh\necho tool\n")
    (tmp_path / "tool").chmod(0o755)
    program = "import os; print(sorted(n == open(n, 'rb').read() for n in os.listdir(b'.') if n != b'tool'))"
    done = person.run(project, "-u", str(tmp_path), "sh", "-c", f'python3 -c "{program}"; ./tool')
    assert done.stdout.decode() == f"{[True] * len(names)}\ntool\n"
