"""Row 23: `ds project link PROJECT DATASET PATH`, `ds project unlink PROJECT DATASET`, and `ds dataset link|unlink`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .site import Dataset, Person


@pytest.fixture(scope="module")
def words(person: Person, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A dataset with one file, `list.txt`."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "list.txt").write_text("a\nb\n")
    return person.dataset(folder)


@pytest.mark.parametrize("noun", ["project", "dataset"])
def test_tasks_see_a_linked_dataset_at_its_path(person: Person, words: Dataset, noun: str) -> None:
    """Read-only, in the version of when the task was queued; after `unlink` not any more. Both nouns do the same."""
    project = person.project()
    said = person(noun, "link", project, words.name, "texts/words")
    assert said == f"Tasks of project {project} see dataset {words.name} at ./texts/words.\n"
    assert person.run(project, "cat", "texts/words/list.txt").stdout == b"a\nb\n"
    refused = person.run(project, "sh", "-c", "echo c >> texts/words/list.txt", status=None)
    assert refused.returncode != 0
    assert person("dataset", "get", words.name, "list.txt", "-") == "a\nb\n"
    assert person("file", "ls", "-q", project) == ""
    said = person(noun, "unlink", project, words.name)
    assert said == f"Dataset {words.name} is not linked to project {project} any more.\n"
    assert person.run(project, "test", "-e", "texts", status=None).returncode == 1


def test_the_versions_are_on_record(person: Person, words: Dataset) -> None:
    """`ds run` and `ds task inspect` tell which version the task saw; the run which file of it was read."""
    project = person.project()
    person("project", "link", project, words.name, "data")
    code = "import dotscience as ds; ds.start(); open(ds.input('data/list.txt')).read(); ds.publish('read')"
    done = person.run(project, "python3", "-c", code)
    [task] = person.json("task", "ls", "--project", project, "--output", "json")
    [seen] = task["datasets"]
    version = person.json("dataset", "inspect", words.name)[0]["head"]
    assert (seen["dataset"], seen["path"], seen["commit"]) == (words.id, "data", version)
    assert f"Dataset:       {words.name} at ./data ({words.id}@{version})".encode() in done.stderr
    [found] = person.json("runs", "inspect", "--project", project, task["runs"][0])
    assert found["inputs"] == {"data": {"id": words.id, "version": version}}
    assert found["runs"][0]["dataset_input_files"] == {"data": [{"filename": "list.txt", "version": version}]}
    assert found["runs"][0]["workspace_input_files"] == []


def test_linking_again_moves_it(person: Person, words: Dataset) -> None:
    """A dataset is in a project once; ids and their beginnings serve as names do."""
    project = person.project()
    [known] = person.json("project", "inspect", project)
    person("project", "link", known["id"], words.id, "one")
    person("dataset", "link", known["id"][:-1], words.id[:-1], "./two/")
    [link] = person.json("project", "inspect", project)[0]["datasets"]
    assert (link["dataset"], link["path"]) == (words.id, "two")


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "a/../b", "x\x01y"])
def test_a_path_outside_the_workspace_is_refused(person: Person, project: str, words: Dataset, path: str) -> None:
    """With a sentence; nothing is linked."""
    assert person.fails("project", "link", project, words.name, path).startswith("Error: ")
    assert person.json("project", "inspect", project)[0]["datasets"] == []


@pytest.mark.parametrize("path", ["/etc", "", ".", "./"])
def test_a_path_that_is_none_is_wrong_usage(person: Person, project: str, words: Dataset, path: str) -> None:
    """An absolute one, or the workspace itself."""
    assert "PATH is" in person.fails("project", "link", project, words.name, path, status=2)


def test_a_path_that_is_taken_is_refused(person: Person, words: Dataset, tmp_path: Path) -> None:
    """By a file or folder of the workspace, by a symlink on the way, by another dataset."""
    project = person.project()
    person.run(project, "sh", "-c", "mkdir folder; echo 1 > folder/file; ln -s folder link; ln -s /tmp out")
    other = person.dataset(None)
    person("project", "link", project, other.name, "taken/here")
    for path in ("folder", "folder/file", "folder/file/x", "link", "link/x", "out", "out/x"):
        said = person.fails("project", "link", project, words.name, path)
        assert said.startswith("Error: ")
        assert ("symlink" in said) is path.startswith(("link", "out"))
    for path in ("taken", "taken/here", "taken/here/deeper"):
        assert other.name in person.fails("project", "link", project, words.name, path)
    assert [one["dataset"] for one in person.json("project", "inspect", project)[0]["datasets"]] == [other.id]


def test_what_is_not_there_or_not_yours_is_named(person: Person, other: Person, words: Dataset) -> None:
    """A stranger does not learn that the dataset is there; one that is not linked cannot be unlinked."""
    project, theirs = person.project(), other.project()
    assert "'no-such'" in person.fails("project", "link", project, "no-such", "x")
    assert "'no-such'" in person.fails("project", "link", "no-such", words.name, "x")
    assert words.id in other.fails("project", "link", theirs, words.id, "x")
    assert "not linked" in person.fails("project", "unlink", project, words.name)


def test_who_shares_the_project_sees_the_dataset(person: Person, other: Person, words: Dataset) -> None:
    """And reads it, but does not write to it, nor delete it."""
    project = person.project()
    person("project", "link", project, words.name, "data")
    assert words.name not in other("dataset", "ls", "-q").splitlines()
    person("project", "share", project, other.name)
    assert words.name in other("dataset", "ls", "-q").splitlines()
    assert other("dataset", "get", words.name, "list.txt", "-") == "a\nb\n"
    assert other.fails("dataset", "rm", "--force", words.name).startswith("Error: ")
    person("project", "rm", project)
    assert words.name not in other("dataset", "ls", "-q").splitlines()
