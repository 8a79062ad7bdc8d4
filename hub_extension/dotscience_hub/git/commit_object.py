"""Git commit objects, and what we note in their messages."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass

MAIL_DOMAIN = "dotscience.invalid"
"""Git wants an address; a name under `.invalid` can never be anybody's (RFC 2606)."""

MAX_TIME = 4_102_444_800
"""2100-01-01; a clock that says more is broken, and git clients differ on what they bear."""

_IDENTITY = re.compile(r"^(.*?) ?<([^<>]*)> (-?\d+) [+-]\d{4}$")
_UNFIT = re.compile(r"[<>\x00-\x1f\x7f]+")
_ID = re.compile(r"[0-9a-f-]{36}")
_METADATA, _TASK = "Dotscience-Metadata: ", "Dotscience-Task: "


@dataclass(frozen=True)
class CommitObject:
    """A commit as git stores it.

    Attributes:
        tree: Id of its tree, in hexadecimal, as are `parents`.
        author: A name.
        time: Seconds since 1970, author's and committer's at once.
        message: With its trailers.
    """

    tree: str
    parents: tuple[str, ...]
    author: str
    time: int
    message: str

    def serialize(self) -> bytes:
        """The object's content; the same for the same fields, whenever and wherever it is made."""
        name = _UNFIT.sub(" ", self.author).strip() or "unknown"
        mail = re.sub(r"[^A-Za-z0-9._+-]", "_", name)
        identity = f"{name} <{mail}@{MAIL_DOMAIN}> {self.time} +0000"
        lines = [f"tree {self.tree}", *(f"parent {parent}" for parent in self.parents)]
        lines += [f"author {identity}", f"committer {identity}", "", self.message]
        return "\n".join(lines).encode()

    @classmethod
    def parse(cls, raw: bytes) -> CommitObject:
        """Read any commit, also one that people pushed."""
        head, _, message = raw.partition(b"\n\n")
        tree, parents, author, time = "", [], "unknown", 0
        for line in head.decode(errors="replace").split("\n"):
            key, _, value = line.partition(" ")
            if key == "tree":
                tree = value
            elif key == "parent":
                parents.append(value)
            elif key == "author" and (match := _IDENTITY.match(value)):
                author = match[1].strip() or match[2] or author
            elif key == "committer" and (match := _IDENTITY.match(value)):
                time = min(max(int(match[3]), 0), MAX_TIME)
        return cls(tree, tuple(parents), author, time, message.decode(errors="replace"))

    @property
    def created(self) -> dt.datetime:
        """When it was committed, in UTC."""
        return dt.datetime.fromtimestamp(self.time, dt.UTC)


def seconds(moment: dt.datetime) -> int:
    """A moment as a commit's time. It depends on nothing but `moment`, so that a retry makes the same commit."""
    return min(max(int(moment.timestamp()), 0), MAX_TIME)


def with_trailers(message: str, task: str | None, metadata: dict[str, str]) -> str:
    """The message with what we want to know again when only git is left."""
    lines = []
    if task is not None:
        lines.append(_TASK + task)
    if metadata:
        lines.append(_METADATA + json.dumps(metadata, sort_keys=True, separators=(",", ":")))
    text = message.rstrip("\n")
    return "\n".join([text, "", *lines, ""]) if lines else text + "\n"


def split_trailers(message: str) -> tuple[str, str | None, dict[str, str]]:
    """The inverse of :func:`with_trailers`: message, task and metadata.

    People can write such lines too; what counts as told by the hub is for the caller to decide.
    """
    text, _, block = message.rstrip("\n").rpartition("\n\n")
    lines = block.split("\n")
    if not text or not all(line.startswith((_TASK, _METADATA)) for line in lines):
        return message.rstrip("\n"), None, {}
    task, metadata = None, {}
    for line in lines:
        if line.startswith(_TASK):
            found = line.removeprefix(_TASK)
            task = found if _ID.fullmatch(found) else None
        else:
            metadata = _strings(line.removeprefix(_METADATA))
    return text, task, metadata


def _strings(text: str) -> dict[str, str]:
    """A JSON object of strings; anything else, which people may have pushed, is nothing."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}
