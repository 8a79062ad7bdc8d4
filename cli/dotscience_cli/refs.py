"""From what a person types (an id, the beginning of one, or a name) to the one thing it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .guard import Failure
from .text import printable

if TYPE_CHECKING:
    from jupyter_dotscience.api.datasets import Dataset
    from jupyter_dotscience.api.projects import Project
    from jupyter_dotscience.api.runners import Runner
    from jupyter_dotscience.api.runs import RunRow
    from jupyter_dotscience.api.secrets import Secret
    from jupyter_dotscience.api.tasks import Task
    from jupyter_dotscience.client import Client


class Item(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """A UUID, or a run's id."""


class Page(Protocol):
    """One page of a listing."""

    @property
    def items(self) -> Sequence[Any]:
        """What is on the page."""

    @property
    def next(self) -> str | None:
        """Cursor of the next page."""


T = TypeVar("T", bound=Item)


def pages(fetch: Callable[[str | None], Page], most: int | None = None) -> list[Any]:
    """All items of a listing.

    Args:
        fetch: Gives the page that a cursor names; None is the first.
        most: Stop after so many items.
    """
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = fetch(cursor)
        items.extend(page.items)
        if page.next is None or (most is not None and len(items) >= most):
            return items[:most]
        cursor = page.next


def pick(noun: str, ref: str, found: Sequence[T], advice: str) -> T:
    """The one item that ``ref`` means: an id before a name, a name before the beginning of an id.

    Args:
        noun: "project", for messages.
        ref: As typed.
        found: What the hub found for it.
        advice: What to do when there is none.

    Raises:
        Failure: none, or several; then their ids are listed.
    """
    for matches in ([i for i in found if i.id == ref], [i for i in found if getattr(i, "name", None) == ref], found):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise Failure(_several(noun, ref, matches))
    raise Failure(f"There is no {noun} {printable(ref)!r}. {advice}")


def _several(noun: str, ref: str, matches: Sequence[Any]) -> str:
    ids = "\n".join(f"  {item.id}" + _details(item) for item in matches)
    return f"{printable(ref)!r} means several {noun}s; say which by its id:\n{ids}"


def _details(item: Any) -> str:
    told = [getattr(item, name, None) for name in ("name", "project_name", "owner")]
    return "".join(f"  {printable(text)}" for text in told if isinstance(text, str))


def project(client: Client, ref: str) -> Project:
    """The project that ``ref`` means."""
    from jupyter_dotscience.api.projects import ProjectQuery

    found = client.list_projects(query=ProjectQuery(ref=_typed("project", ref))).items
    return pick(
        "project", ref, found, f"`ds project ls` lists yours, `ds project create {printable(ref)}` makes a new one."
    )


def dataset(client: Client, ref: str) -> Dataset:
    """The dataset that ``ref`` means."""
    from jupyter_dotscience.api.datasets import DatasetQuery

    found = client.list_datasets(query=DatasetQuery(ref=_typed("dataset", ref))).items
    return pick("dataset", ref, found, "`ds dataset ls` lists yours, `ds dataset create` makes a new one.")


def task(client: Client, ref: str) -> Task:
    """The task that ``ref`` means."""
    from jupyter_dotscience.api.tasks import TaskListQuery

    found = client.list_tasks(query=TaskListQuery(ref=_typed("task", ref))).items
    return pick("task", ref, found, "`ds task ls` lists the tasks of your projects.")


def runner(client: Client, ref: str) -> Runner:
    """The runner that ``ref`` means."""
    from jupyter_dotscience.api.runners import RunnerQuery

    found = client.list_runners(query=RunnerQuery(ref=_typed("runner", ref))).items
    return pick("runner", ref, found, "`ds runner ls` lists yours, `ds runner create` makes a new one.")


def secret(client: Client, ref: str) -> Secret:
    """The secret that ``ref`` means."""
    from jupyter_dotscience.api.secrets import SecretQuery

    found = client.list_secrets(query=SecretQuery(ref=_typed("secret", ref))).items
    return pick("secret", ref, found, "`ds secret ls` lists yours, `ds secret generate` makes a new one.")


def run(client: Client, project_id: str, ref: str) -> RunRow:
    """The run of a project that ``ref`` means."""
    from jupyter_dotscience.api.runs import RunQuery

    found = client.list_runs(project=project_id, query=RunQuery(ref=_typed("run", ref))).items
    return pick("run", ref, found, "`ds runs ls PROJECT` lists a project's runs.")


def _typed(noun: str, ref: str) -> str:
    if not ref.strip():
        raise Failure(f"The {noun} is missing: an empty text names none.")
    return ref
