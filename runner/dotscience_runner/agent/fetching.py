"""Bringing commits from the hub's repositories into mirrors, however often the network breaks."""

from __future__ import annotations

from jupyter_dotscience.client import Client
from jupyter_dotscience.workspace import GitFailed, Mirror

from .patience import Backoff, insist_for_task
from .wishes import Wishes

FETCH_TRIES = 8


def fetch(mirror: Mirror, git_path: str, commit: str, *, client: Client, token: str, wishes: Wishes) -> None:
    """Bring a commit. Git says in words only why it failed; so ask whether the hub is there, and try again.

    Args:
        mirror: Where to.
        git_path: The repository, below the hub's address.
        commit: 40 hexadecimal digits.
        client: As the task.
        token: The task's.
        wishes: What ends the trying.

    Raises:
        GitFailed: git cannot have it, with its words.
        TaskLost, AgentClosing: nobody wants it any more.
    """
    url = client.url + "/" + git_path.lstrip("/")
    backoff = Backoff(first=1)
    for attempt in range(FETCH_TRIES):
        try:
            return mirror.fetch(url, commit, token)
        except GitFailed:
            insist_for_task(client.get_version, wishes)
            if attempt == FETCH_TRIES - 1:
                raise
            wishes.wait(backoff.next())
    return None
