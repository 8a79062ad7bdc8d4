"""Who calls, and which hub answers."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from ._base import Model

API_VERSION = 1


class Principal(enum.StrEnum):
    """Kinds of callers."""

    USER = "user"
    RUNNER = "runner"
    TASK = "task"


class Account(Model, frozen=True, kw_only=True):
    """The caller."""

    kind: Principal
    name: Annotated[str, Meta(description="User name; for a runner or task its id.")]
    admin: bool


class VersionInfo(Model, frozen=True, kw_only=True):
    """Versions that a client may need to know."""

    version: str
    api: int
    protocol: int


class Health(Model, frozen=True, kw_only=True):
    """The state of the service and of what it needs."""

    ok: bool
    checks: Annotated[dict[str, str], Meta(description="`ok`, or what is wrong, by part.")]
