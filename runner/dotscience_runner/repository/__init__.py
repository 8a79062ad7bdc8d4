"""``ds run -R``: a git repository in the workspace, before the command runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dotscience_runner.files import remove_tree
from jupyter_dotscience.api.tasks import Repository

from . import place
from .address import Address, RepositoryError
from .clone import Clone
from .program import Cancelled, Watch

__all__ = ["Cancelled", "RepositoryError", "Rules", "Watch", "bring"]


@dataclass(frozen=True)
class Rules:
    """What this runner allows.

    Attributes:
        folders: Of its own disk, from which repositories may be cloned.
        limit: Bytes that one repository may have, history and files together.
    """

    folders: tuple[Path, ...]
    limit: int


def bring(
    wanted: Repository,
    work: Path,
    scratch: Path,
    *,
    rules: Rules,
    ssh: Callable[[], AbstractContextManager[str]],
    watch: Watch,
) -> str:
    """Put a repository into a workspace; one that is there already is replaced, with all that was changed in it.

    Args:
        wanted: Which.
        work: The workspace; no task runs in it.
        scratch: A private folder on the same file system.
        rules: What is allowed.
        ssh: Gives the command line of ssh for as long as it is needed.
        watch: Takes the log, and says when to give up.

    Returns:
        The commit that was checked out.

    Raises:
        Cancelled: as the watch says.
        RepositoryError: it cannot be done; one sentence with git's own words.
    """
    address = Address.parse(wanted.url).within(rules.folders)
    target = work / address.name
    place.check(target)
    watch.say(f"Cloning {address.url} into {address.name!r}.")
    for left in scratch.glob("repository-*"):
        remove_tree(left)  # by an agent that was killed
    folder = Path(tempfile.mkdtemp(prefix="repository-", dir=scratch))
    try:
        with ssh() if address.scheme == "ssh" else nullcontext(None) as command:
            files, chosen = Clone(folder, address, watch, rules.limit, command).make(wanted.ref)
        place.put(files, target, folder / "earlier")
    except RepositoryError as error:
        raise RepositoryError(f"{address.url} could not be cloned: {str(error).rstrip('.')}.") from error
    finally:
        remove_tree(folder)
    watch.say(f"Checked out {chosen.words} of {address.url}: commit {chosen.commit}.")
    return chosen.commit
