"""What a person asks for: from the form, a query or the hub's API, checked in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from jupyter_dotscience.api.tasks import Image, Labels, Resources

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_MEMORY = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_LABEL_BREAK = re.compile(r"[\s,]+")


class BadOptions(Exception):
    """What is asked for cannot be; one sentence."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server's options, as JupyterHub keeps them.

    Attributes:
        project: Id, unique prefix of one, or name.
        image: The container's; the spawner's default when empty.
        labels: The runner's.
        cpus: Processor cores.
        gpus: Number of GPUs; -1 for all.
        memory: Bytes.
    """

    project: Annotated[str, Meta(min_length=1, max_length=200)]
    image: Image | None = None
    labels: Labels = msgspec.field(default_factory=dict)
    cpus: Annotated[float, Meta(gt=0, le=4096)] | None = None
    gpus: Annotated[int, Meta(ge=-1, le=64)] = 0
    memory: Annotated[int, Meta(ge=6_291_456)] | None = None

    @property
    def resources(self) -> Resources:
        """What the task asks of its runner."""
        return Resources(cpus=self.cpus, gpus=self.gpus, memory=self.memory)


def check(given: Mapping[str, Any]) -> Options:
    """The options as they came with a request or were stored.

    Raises:
        BadOptions: they cannot be used.
    """
    if not given.get("project"):
        raise BadOptions("Choose a project for JupyterLab.")
    try:
        return msgspec.convert(dict(given), Options)
    except msgspec.ValidationError as error:
        raise BadOptions(f"JupyterLab cannot be started so: {error}.") from None


def from_form(form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Options out of the form's fields; those that are left empty are left out.

    Raises:
        BadOptions: a field holds something else than what it is for.
    """
    fields = {name: values[0].strip() for name, values in form.items() if values and values[0].strip()}
    found: dict[str, Any] = {name: fields[name] for name in ("project", "image") if name in fields}
    if "labels" in fields:
        found["labels"] = parse_labels(fields["labels"])
    if "cpus" in fields:
        found["cpus"] = _number(fields["cpus"], float, "CPU cores")
    if "gpus" in fields:
        found["gpus"] = _number(fields["gpus"], int, "GPUs")
    if "memory" in fields:
        found["memory"] = parse_memory(fields["memory"])
    return msgspec.to_builtins(check(found), builtin_types=())  # type: ignore[no-any-return]


def parse_labels(text: str) -> dict[str, str]:
    """Labels out of ``name=value other``."""
    pairs = (word.partition("=") for word in _LABEL_BREAK.split(text) if word)
    return {name: value for name, _, value in pairs}


def parse_memory(text: str) -> int:
    """Bytes out of ``4G`` or ``512 MiB``: powers of 1024, as Docker has it.

    Raises:
        BadOptions: it is no such text.
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise BadOptions(f"{text!r} is no amount of memory; write for example 4G.")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def _number(text: str, kind: type[int] | type[float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise BadOptions(f"{text!r} is no number of {what}.") from None
