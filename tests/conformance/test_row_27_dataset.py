"""Row 27: `ds dataset inspect DATASET` and `ds dataset rm DATASET`."""

from __future__ import annotations

import pytest

from .buckets import Bucket
from .site import Person


def test_inspect_is_a_json_array_of_one(person: Person, other: Person) -> None:
    """By name, id, or the beginning of an id; nobody else finds it."""
    dataset, project = person.dataset(None), person.project()
    person("project", "link", project, dataset.name, "data")
    [found] = person.json("dataset", "inspect", dataset.name)
    assert (found["id"], found["name"], found["type"], found["owner"]) == (
        *vars(dataset).values(),
        "files",
        person.name,
    )
    assert [(one["project_name"], one["path"]) for one in found["links"]] == [(project, "data")]
    for ref in (dataset.id, dataset.id[:-1]):
        assert person.json("dataset", "inspect", ref) == [found]
    assert f"'{dataset.name}'" in other.fails("dataset", "inspect", dataset.name)


def test_an_ambiguous_name_lists_the_ids(person: Person) -> None:
    """Two datasets may have one name."""
    dataset = person.dataset(None)
    second = person("dataset", "create", "files", "--name", dataset.name).strip()
    said = person.fails("dataset", "inspect", dataset.name)
    assert dataset.id in said
    assert second in said


@pytest.mark.parametrize(("answer", "gone"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x03", False)])
def test_on_a_terminal_it_asks_before_it_deletes(person: Person, answer: bytes, gone: bool) -> None:
    """Only `y` deletes; the question names the dataset and its id."""
    dataset = person.dataset(None)
    with person.terminal("dataset", "rm", dataset.name) as terminal:
        terminal.expect(f"Delete dataset {dataset.name} ({dataset.id})".encode())
        terminal.expect(b"[y/N]: ")
        terminal.settle()
        terminal.type(answer)
        assert (terminal.end() == 0) is gone
    assert b"Traceback" not in terminal.seen
    assert (dataset.name not in person("dataset", "ls", "-q").splitlines()) is gone


def test_with_force_it_does_not_ask(person: Person) -> None:
    """Nor in a script, where nobody could answer."""
    first, second = person.dataset(None), person.dataset(None)
    with person.terminal("dataset", "rm", "--force", first.name) as terminal:
        assert terminal.end() == 0
    assert terminal.seen.decode() == f"{first.id}\r\n"
    assert person("dataset", "rm", second.name) == f"{second.id}\n"
    assert not {first.name, second.name} & set(person("dataset", "ls", "-q").splitlines())


def test_a_linked_dataset_is_refused_unless_forced(person: Person) -> None:
    """The refusal names the project; with --force the project goes on without it."""
    dataset, project = person.dataset(None), person.project()
    person("project", "link", project, dataset.name, "data")
    assert project in person.fails("dataset", "rm", dataset.name)
    with person.terminal("dataset", "rm", dataset.name) as terminal:
        assert terminal.end() == 1
    assert b"[y/N]" not in terminal.seen
    assert person("dataset", "rm", "--force", dataset.name) == f"{dataset.id}\n"
    assert person.json("project", "inspect", project)[0]["datasets"] == []
    assert person.run(project, "sh", "-c", "echo still").stdout == b"still\n"


def test_the_bucket_stays(person: Person, bucket: Bucket) -> None:
    """Only the hub's copy is deleted."""
    bucket.put("a", b"1")
    person("dataset", "rm", bucket.dataset(person).name)
    assert bucket.server.client().get_object(Bucket=bucket.name, Key="a")["Body"].read() == b"1"
