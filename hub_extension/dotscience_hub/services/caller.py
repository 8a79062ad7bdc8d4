"""Who calls a service."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.projects import Role


@dataclass(frozen=True)
class Caller:
    """The authenticated caller of a request, with what access control found out on the way.

    Attributes:
        kind: User, runner or task.
        name: User name; for a runner or task its id.
        admin: Whether a user is an admin of the hub.
        scopes: Custom scopes of a user's token.
        task: For a task token, the task; its lease is held.
        role: The caller's role in the project that the path names.
    """

    kind: Principal
    name: str
    admin: bool = False
    scopes: frozenset[str] = field(default_factory=frozenset)
    role: Role | None = None
