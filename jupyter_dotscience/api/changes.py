"""What the hub's pages are told over their one websocket: which nouns changed, never what they are now.

A page asks the ordinary API again, so that who may see what is decided in one place. The connection is made to
:data:`PATH` below the API's root. The page says :class:`Listen` first, once; all that the hub says is :class:`Notices`.
Both are JSON in text messages. Codes from 4400 on, with which the hub closes the connection, have the numbers of the
HTTP statuses that they stand for.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Request

PATH = "/changes"
LIFE_SECONDS = 20.0
"""The hub says something at least this often: a browser does not tell its pages of pings."""
LISTEN_SECONDS = 10.0
"""So long a page may take for its first word."""
MAX_LISTEN = 4096
"""Bytes of a page's message."""
CLOSE_ENDED, CLOSE_REFUSED = 4401, 4403
"""The login has ended; the page is not the hub's own."""


class NoticeKind(enum.StrEnum):
    """What changed."""

    EVERYTHING = "everything"
    PROJECTS = "projects"
    FILES = "files"
    TASKS = "tasks"
    RUNS = "runs"
    POINTS = "points"
    COMMENTS = "comments"
    SAMPLES = "samples"
    RUNNERS = "runners"
    DATASETS = "datasets"
    SECRETS = "secrets"


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something changed: was made, became different, or is gone.

    Attributes:
        kind: What.
        project: In which project; of `projects`, which one.
        dataset: Which dataset, or whose files.
        runner: Which runner.
        task: Which task; of several only their project is told.
        run: Which run; of several only their project is told.
    """

    kind: NoticeKind
    project: Id | None = None
    dataset: Id | None = None
    runner: Id | None = None
    task: Id | None = None
    run: str | None = None


class Notices(msgspec.Struct, frozen=True):
    """What changed since the last message; nothing in a mere sign of life."""

    at: Annotated[str, Meta(description="How far this is: what to say as `since` when the connection is made anew.")]
    notices: list[Notice]


class Listen(Request, frozen=True):
    """A page's first word."""

    xsrf: Annotated[str, Meta(max_length=2000, description="The page's XSRF token; needed with a cookie.")] = ""
    since: (
        Annotated[str, Meta(max_length=100, description="`at` of the last message, or of the page; null: from now.")]
        | None
    ) = None
