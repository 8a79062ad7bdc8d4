"""Comments: what people say about a run. Plain text; whoever may read a project may say something."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ._base import Id, Model, Request, Time
from .runs import RunId

MAX_TEXT = 10_000
"""Characters of one comment."""
MAX_COMMENTS = 1_000
"""Comments on one run."""


class Comment(Model, frozen=True, kw_only=True):
    """What somebody said about a run."""

    id: Id
    run: RunId
    author: str
    created: Time
    text: Annotated[str, Meta(description="Plain text with line breaks: never markup.")]


class CommentCreate(Request, frozen=True, kw_only=True):
    """Something to say. It must hold more than white space."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]


class CommentList(Model, frozen=True, kw_only=True):
    """A page of comments, oldest first."""

    items: list[Comment]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class CommentQuery(Request, frozen=True, kw_only=True):
    """Which comments."""

    limit: Annotated[int, Meta(ge=1, le=MAX_COMMENTS)] = 200
    cursor: str | None = None
