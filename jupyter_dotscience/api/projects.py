"""Projects: a named unit of work with an owner, collaborators and one workspace."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Model, Name, Request, Sha1, Time
from .datasets import DatasetLink


class Role(enum.StrEnum):
    """What a person may do in a project. Each includes the ones before it."""

    READER = "reader"
    WRITER = "writer"
    OWNER = "owner"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Collaborator(Model, frozen=True, kw_only=True):
    """A person who shares a project. The owner is not listed as one."""

    user: str
    role: Role


class Project(Model, frozen=True, kw_only=True):
    """A project as its members see it."""

    id: Id
    name: str
    description: str
    owner: str
    role: Annotated[Role, Meta(description="The caller's own role; owner for an admin.")]
    collaborators: list[Collaborator]
    created: Time
    head: Annotated[Sha1 | None, Meta(description="The newest commit of the main branch; null in an empty workspace.")]
    git_url: Annotated[str, Meta(description="What `git clone` takes, relative to the hub's own address.")]
    datasets: Annotated[list[DatasetLink], Meta(description="What tasks see beside the workspace, by path.")] = (
        msgspec.field(default_factory=list)
    )
    server: Annotated[
        str, Meta(description="Name of the hub's server that is the caller's own JupyterLab of this project.")
    ] = ""


class ProjectCreate(Request, frozen=True, kw_only=True):
    """A new project. Without a name one is picked."""

    name: Name | None = None
    description: Annotated[str, Meta(max_length=10_000)] = ""


class ProjectUpdate(Request, frozen=True, kw_only=True):
    """What to change; an absent field stays."""

    name: Name | None = None
    description: Annotated[str, Meta(max_length=10_000)] | None = None


class CollaboratorSet(Request, frozen=True, kw_only=True):
    """The role to give; ``owner`` hands out full rights beside the owner."""

    role: Role


class ProjectList(Model, frozen=True, kw_only=True):
    """A page of projects, newest first."""

    items: list[Project]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class ProjectQuery(Request, frozen=True, kw_only=True):
    """Which projects to list."""

    ref: Annotated[str | None, Meta(description="Only those with this id, unique prefix of an id, or name.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    cursor: str | None = None
