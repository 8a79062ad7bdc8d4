"""Changes that a transaction makes, gathered until it is durable."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from jupyter_dotscience.api.changes import Notice

KEY = "notices"


@dataclass(frozen=True)
class Told:
    """A change, and who hears of it whatever the store says later: of what is gone, who saw it before.

    Attributes:
        notice: The change.
        people: Names of users.
        everybody: All users of the hub.
    """

    notice: Notice
    people: frozenset[str] = frozenset()
    everybody: bool = False


def tell(session: Session, *told: Told | Notice) -> None:
    """Let who may see it know of a change once the transaction is durable; not at all when it is rolled back."""
    gathered: set[Told] | None = session.info.get(KEY)
    if gathered is not None:
        gathered.update(one if isinstance(one, Told) else Told(one) for one in told)
