"""Row 26: `ds dataset create files` and `ds dataset put`, datasets without a bucket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .site import UUID, Person


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, one of them deeper, and what is left out."""
    made = tmp_path / "data"
    for name in ("a.csv", "deep/b.csv", ".hidden", "deep/c.log"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"{name}\n")
    (made / ".dotscience-ignore").write_text("*.log\n")
    return made


def files(person: Person, name: str, *options: str) -> list[str]:
    return person("dataset", "files", "-q", *options, name).splitlines()


def test_create_prints_the_id_and_put_the_version(person: Person, folder: Path) -> None:
    """Hidden files and those that .dotscience-ignore names are left out."""
    made = person("dataset", "create", "files", "--name", "with-files").strip()
    assert UUID.fullmatch(made)
    version = person("dataset", "put", made, str(folder)).strip()
    assert files(person, made) == ["a.csv", "deep/b.csv"]
    assert person.json("dataset", "inspect", made)[0]["head"] == version
    assert person("dataset", "get", made, "deep/b.csv", "-") == "deep/b.csv\n"


def test_only_what_changed_is_sent(person: Person, folder: Path) -> None:
    """And nothing changed makes no new version."""
    name = person.dataset(folder).name
    [known] = person.json("dataset", "inspect", name)
    again = person.ds("dataset", "put", name, str(folder))
    assert (again.stdout.decode().strip(), again.stderr) == (known["head"], b"")
    (folder / "a.csv").write_text("other\n")
    changed = person.ds("dataset", "put", name, str(folder))
    assert changed.stderr == b"Uploading 1 changed file (6 B).\n"
    assert person("dataset", "get", name, "a.csv", "-") == "other\n"
    assert person("dataset", "get", "--at", known["head"], name, "a.csv", "-") == "a.csv\n"


def test_files_that_only_the_dataset_has_stay_unless_delete_is_given(person: Person, folder: Path) -> None:
    """With --delete the dataset becomes what the folder is; the version from before keeps what it had."""
    name = person.dataset(folder).name
    (folder / "a.csv").unlink()
    (folder / "new.csv").write_text("new\n")
    before = person("dataset", "put", name, str(folder)).strip()
    assert files(person, name) == ["a.csv", "deep/b.csv", "new.csv"]
    done = person.ds("dataset", "put", "--delete", name, str(folder))
    assert done.stderr == b"Removing 1 file.\n"
    assert files(person, name) == ["deep/b.csv", "new.csv"]
    assert files(person, name, "--at", before) == ["a.csv", "deep/b.csv", "new.csv"]


def test_one_file(person: Person, folder: Path) -> None:
    """Under its own name, hidden or not: it was named."""
    name = person.dataset(None).name
    person("dataset", "put", name, str(folder / ".hidden"))
    assert files(person, name) == [".hidden"]
    assert "--delete" in person.fails("dataset", "put", "--delete", name, str(folder / "a.csv"), status=2)


def test_a_bar_is_drawn_on_a_terminal(person: Person, folder: Path) -> None:
    """Large files too; in a pipe there is a line."""
    name = person.dataset(None).name
    (folder / "big.bin").write_bytes(os.urandom(12_000_000))
    with person.terminal("dataset", "put", name, str(folder)) as terminal:
        at = terminal.expect(b"Uploading 3 changed files (12.0 MB).")
        terminal.expect("━".encode(), at)
        terminal.expect(b"100%", at)
        assert terminal.end() == 0
    person("dataset", "get", name, "big.bin", str(folder / "back"))
    assert (folder / "back").read_bytes() == (folder / "big.bin").read_bytes()


def test_there_is_nothing_to_synchronise(person: Person, folder: Path) -> None:
    """`ds dataset sync` says how its files come instead."""
    assert "ds dataset put" in person.fails("dataset", "sync", person.dataset(None).name)


def test_others_cannot_put(person: Person, other: Person, folder: Path) -> None:
    """A stranger does not know of it; who has it by a project may read only."""
    dataset, project = person.dataset(folder), person.project()
    assert dataset.id in other.fails("dataset", "put", dataset.id, str(folder))
    person("project", "link", project, dataset.name, "data")
    person("project", "share", project, other.name)
    (folder / "a.csv").write_text("theirs\n")
    assert "Error: " in other.fails("dataset", "put", dataset.name, str(folder))
    assert person("dataset", "get", dataset.name, "a.csv", "-") == "a.csv\n"


def test_a_name_is_needed(person: Person, folder: Path) -> None:
    """Without one, or with a folder that is not there, it is wrong usage."""
    assert "--name" in person.fails("dataset", "create", "files", status=2)
    assert "no-such" in person.fails("dataset", "put", "x", str(folder / "no-such"), status=2)
