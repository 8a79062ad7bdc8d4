"""Bringing commits from the hub's repositories into mirrors, however often the network breaks."""

from __future__ import annotations

from jupyter_dotscience.client import Client
from jupyter_dotscience.workspace import GitFailed, Mirror

from .meanwhile import Meanwhile
from .patience import Backoff, insist_for_task

FETCH_TRIES = 8


def fetch(
    mirror: Mirror, git_path: str, commit: str, *, client: Client, token: str, what: str, meanwhile: Meanwhile
) -> None:
    """Bring a commit. Git says in words only why it failed; so ask whether the hub is there, and try again.

    Args:
        mirror: Where to.
        git_path: The repository, below the hub's address.
        commit: 40 hexadecimal digits.
        client: As the task.
        token: The task's.
        what: What it is of, for people.
        meanwhile: What is done until it is here.

    Raises:
        GitFailed: git cannot have it, with its words.
        Cancelled, TaskLost, AgentClosing: nobody wants it any more.
    """
    wishes, look = meanwhile.wishes, meanwhile.fetching(what, mirror)
    url = client.url + "/" + git_path.lstrip("/")
    backoff = Backoff(first=1)
    for attempt in range(FETCH_TRIES):
        try:
            return mirror.fetch(url, commit, token, watch=look)
        except GitFailed:
            meanwhile.check()
            insist_for_task(client.get_version, wishes)
            if attempt == FETCH_TRIES - 1:
                raise
            wishes.wait(backoff.next())
    return None
