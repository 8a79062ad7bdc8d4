"""What a person asks for, from the form and from the hub's API; and the form itself."""

from __future__ import annotations

import contextlib
import datetime as dt
from html.parser import HTMLParser
from typing import Any

import pytest
from dotscience_spawner import form
from dotscience_spawner.options import BadOptions, check, from_form, parse_labels, parse_memory
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.projects import Project, Role

GIB = 2**30


def test_a_full_form() -> None:
    """Each field becomes what the task needs, and can be stored as JSON."""
    fields = {
        "project": ["iris"],
        "image": [" lab:1 "],
        "labels": ["room=12, fast"],
        "cpus": ["1.5"],
        "gpus": ["-1"],
        "memory": ["1.5 GiB"],
    }
    found = from_form(fields)
    assert found == {
        "project": "iris",
        "image": "lab:1",
        "labels": {"room": "12", "fast": ""},
        "cpus": 1.5,
        "gpus": -1,
        "memory": int(1.5 * GIB),
    }
    assert check(found).resources.memory == int(1.5 * GIB)


def test_an_empty_form_asks_for_nothing_more_than_a_project() -> None:
    """Fields left empty are no wishes."""
    options = check(from_form({"project": ["iris"], "image": [""], "cpus": ["  "], "labels": []}))
    assert (options.image, options.labels, options.cpus, options.gpus, options.memory) == (None, {}, None, 0, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a project"),
        ({"project": "  "}, "Choose a project"),
        ({"project": "p", "cpus": "many"}, "'many' is no number of CPU cores"),
        ({"project": "p", "cpus": "0"}, "cpus"),
        ({"project": "p", "cpus": "nan"}, "cpus"),
        ({"project": "p", "gpus": "1.5"}, "'1.5' is no number of GPUs"),
        ({"project": "p", "gpus": "-2"}, "gpus"),
        ({"project": "p", "memory": "lots"}, "'lots' is no amount of memory"),
        ({"project": "p", "memory": "1"}, "memory"),
        ({"project": "p", "memory": "9" * 400}, "no amount of memory"),
        ({"project": "p", "image": "-v /:/host"}, "image"),
        ({"project": "p", "labels": "=x"}, "labels"),
    ],
)
def test_what_cannot_be_is_one_sentence(fields: dict[str, str], said: str) -> None:
    """A field that holds something else than what it is for is refused, by its name."""
    with pytest.raises(BadOptions, match=said) as raised:
        from_form({name: [value] for name, value in fields.items()})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "given_options",
    [
        {"project": 7},
        {"project": "p", "image": ["x"]},
        {"project": "p", "command": "rm -rf /"},
        {"project": "p", "labels": {"a": {"b": "c"}}},
        {"project": "p", "memory": -1},
        {"project": {"$ne": ""}},
    ],
)
def test_what_the_api_sends_is_checked_too(given_options: dict[str, Any]) -> None:
    """Whoever calls the hub's API can send any JSON."""
    with pytest.raises(BadOptions):
        check(given_options)


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=20), max_size=2), max_size=8))
def test_any_form_is_options_or_a_sentence(fields: dict[str, list[str]]) -> None:
    """Nothing that a browser sends raises anything else."""
    with contextlib.suppress(BadOptions):
        assert check(from_form(fields)).project


def test_labels_and_memory() -> None:
    """Commas and spaces part labels; units are powers of 1024, with or without their long forms."""
    assert parse_labels("a=1,b  c=x=y") == {"a": "1", "b": "", "c": "x=y"}
    assert [parse_memory(text) for text in ("4G", "4g", "4GB", "4 GiB", "4096M")] == [4 * GIB] * 5


class _Page(HTMLParser):
    """What a browser makes of a page: controls with their attributes, labels, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.controls: dict[str, dict[str, str | None]] = {}
        self.labelled: set[str | None] = set()
        self.ids: set[str | None] = set()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids.add(found.get("id"))
        if tag in ("input", "select"):
            self.controls[found["name"] or ""] = found
        if tag == "label":
            self.labelled.add(found["for"])

    def handle_data(self, data: str) -> None:
        self.text += data


def _project(name: str, owner: str = "ada") -> Project:
    return Project(
        id=new_id(),
        name=name,
        owner=owner,
        description="",
        created=dt.datetime.now(dt.UTC),
        role=Role.OWNER,
        collaborators=[],
        head=None,
        git_url="",
    )


def test_every_control_has_its_label_and_help() -> None:
    """Who cannot see the form hears what each control is for."""
    page = _Page(form.render([_project("iris")], image="lab"))
    assert set(page.controls) == {"project", "image", "labels", "cpus", "gpus", "memory"}
    for control in page.controls.values():
        assert control["id"] in page.labelled
        assert control.get("aria-describedby") is None or control["aria-describedby"] in page.ids


def test_what_people_wrote_is_text() -> None:
    """A project's name, an owner's, the default image and what was typed before make no elements of the page."""
    evil = '"><script>alert(1)</script>'
    html = form.render([_project(evil, evil)], image=evil, chosen=evil)
    html += form.render([], image=evil, chosen=evil, problem=evil)
    page = _Page(html)
    assert "script" not in page.tags
    assert evil in page.text


def test_the_project_of_the_address_is_chosen() -> None:
    """A link to the form with a project shows it, by id or by name."""
    projects = [_project("iris"), _project("digits")]
    for chosen in (projects[1].id, "digits"):
        html = form.render(projects, image="lab", chosen=chosen)
        assert html.count(" selected") == 1
        assert f'value="{projects[1].id}" selected' in html
