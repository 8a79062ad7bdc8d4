"""Which workspace a server works on, and who makes its versions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_dotscience.api import control
from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.problems import DotscienceError, Unreachable
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.client.bound import BoundProject
from jupyter_dotscience.workspace.binding import Binding
from jupyter_dotscience.workspace.orders import Orders
from jupyter_dotscience.workspace.queued import Placed

from .committers import AgentCommitter, Committer, OwnCommitter
from .places import Places


@dataclass(frozen=True)
class Workspace:
    """What the extension works on.

    Attributes:
        committer: Makes the versions.
        places: Where the files are.
        hub_url: The hub's address, where it is known.
    """

    committer: Committer
    places: Places
    hub_url: str = ""

    def standing(self) -> control.Standing:
        """How it stands at the start. An agent that does not answer yet keeps nobody waiting."""
        try:
            return self.committer.ask(control.Status(), control.Standing)
        except DotscienceError as error:
            state = control.State.OFFLINE if isinstance(error, Unreachable) else control.State.ERROR
            return control.Standing(state=state, message=str(error))


def find(contents: Path) -> Workspace | None:
    """The workspace of the folder that a server shows; None when it belongs to no project.

    Raises:
        DotscienceError: it belongs to one, and cannot be worked with.
    """
    folder = os.environ.get(control.FOLDER_VARIABLE)
    if folder:
        root = Path(os.environ.get("DOTSCIENCE_PROJECT_DOT_ROOT") or contents)
        return Workspace(AgentCommitter(Path(folder)), Places.of(root, contents))
    binding = Binding.find(contents)
    return None if binding is None else own(binding, contents)


def own(binding: Binding, contents: Path) -> Workspace:
    """A bound folder, whose versions are made by this process.

    Raises:
        WorkspaceError: another process makes them, or its files cannot be written.
    """
    bound = binding.bound
    binding.hold()
    project = BoundProject(bound.url, bound.project, binding.root)

    def record(request: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        result, branch, conflicts = project.record(request, runs)
        return Placed(result.commit, branch, conflicts)

    committer = binding.committer(project, record)
    if not committer.started:
        committer.start(None, {})
    orders = Orders(committer, project, project_id=bound.project, project_name=bound.name)
    return Workspace(OwnCommitter(orders, binding), Places.of(binding.root, contents), bound.url)
