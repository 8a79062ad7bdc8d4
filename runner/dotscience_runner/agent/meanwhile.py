"""What an agent does while something comes from the hub: say how far it is, notice that nobody wants it any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from dotscience_runner.repository import Cancelled
from dotscience_runner.storage.sizes import in_words
from jupyter_dotscience.workspace import Mirror

from .progress import TELL_SECONDS, Bounded, Progress
from .wishes import Wishes


@dataclass(frozen=True)
class Meanwhile:
    """For one task.

    Attributes:
        wishes: What ends the work.
        tell: Takes how far it is, for people who look.
        say: Takes a line for the task's log.
    """

    wishes: Wishes
    tell: Callable[[str], None]
    say: Callable[[str], None]

    def check(self) -> None:
        """Notice that it is pointless to go on.

        Raises:
            Cancelled: the task shall stop.
            TaskLost, AgentClosing: it is lost, or the agent ends.
        """
        self.wishes.check()
        if self.wishes.stop:
            raise Cancelled

    def fetching(self, what: str, mirror: Mirror) -> Callable[[], None]:
        """What is to be called now and then while git fetches: it does not say how much there will be."""
        tell = Bounded(self.tell, TELL_SECONDS)

        def look() -> None:
            self.check()
            if size := _arriving(mirror):
                tell(f"{what}: {in_words(size)} fetched")

        return look

    def progress(self, what: str, total: int | None) -> Progress:
        """Of large files; ``total`` in bytes where it is known."""
        return Progress(what, total, self.tell, self.say)


def _arriving(mirror: Mirror) -> int:
    """Bytes of the pack that git is writing."""
    size = 0
    for path in (mirror.folder / "objects" / "pack").glob("tmp_*"):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size
