"""The extension as Jupyter Server sees it: its start, what it is told of saves and kernels, its end."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Enum, Float

from jupyter_dotscience.api.problems import DotscienceError
from jupyter_dotscience.api.runs import RunReport

from . import workspaces
from .autocommit import AutoCommit, Pace
from .ending import end_with_main_thread
from .environment import Environment
from .handlers import HANDLERS
from .kernels import Kernels
from .notebooks import Notebooks, with_workload_file
from .recorder import Recorder
from .standing import Standing
from .workspaces import Workspace

log = logging.getLogger(__name__)
CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNEL_EVENTS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
_WRITES = frozenset({"create", "save", "upload", "rename", "copy", "delete"})
_RECONCILE_SECONDS = 1.0
_LAST_SECONDS = 15.0
"""For the last version. What is in none by then stays on disk, and is in the first one of the next start."""


class DotscienceExtension(ExtensionApp):
    """Saves the versions of a workspace. Configured as ``c.DotscienceExtension.quiet = 3``.

    Attributes:
        standing: How the workspace stands.
        workspace: None for a folder that no project has.
        auto: Makes the versions; None as well.
    """

    name = "jupyter_dotscience"
    quiet = Float(1.5, help="Seconds without a change before a version is made.").tag(config=True)
    longest = Float(10.0, help="Seconds after the first change, however much goes on.").tag(config=True)
    watch = Float(10.0, help="Seconds between looks at files that a program may have written.").tag(config=True)
    others = Float(15.0, help="Seconds between looks at what others have changed, while a browser is there.").tag(
        config=True
    )
    requirements = Enum(
        ("task", "always", "never"),
        "task",
        help="When to install what requirements.txt names: on a runner, always, never. Installing runs others' code.",
    ).tag(config=True)

    standing: Standing
    workspace: Workspace | None = None
    auto: AutoCommit | None = None
    environment: Environment | None = None
    kernels: Kernels | None = None

    def initialize_settings(self) -> None:
        """Find out what there is to do here. Whatever goes wrong is said, and JupyterLab starts all the same."""
        self.settings["dotscience"] = self
        self._background: set[asyncio.Future[Any]] = set()
        try:
            self.workspace = workspaces.find(Path(self._server.root_dir))
            self.standing = Standing() if self.workspace is None else self._standing(self.workspace)
        except (DotscienceError, OSError) as error:
            self.standing = Standing(message=f"The versions of this folder cannot be saved: {error}")
        except Exception:
            log.exception("The extension cannot be set up")
            self.standing = Standing(message="The extension could not be set up; the server's log has the reason.")
        if self.auto is None:
            self.log.info("Dotscience: %s", self.standing.tell()["message"])

    def initialize_handlers(self) -> None:
        """Say which routes there are."""
        self.handlers.extend(HANDLERS)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin, now that the event loop runs."""
        if self.auto is None:
            return
        self.auto.start()
        self.auto.note()
        self._run(self._look_at_kernels())
        if self.environment is not None:
            self.environment.prepare(self.standing)

    async def stop_extension(self) -> None:
        """Make a last version. Kernels are ended after it."""
        end_with_main_thread()
        for task in list(self._background):
            task.cancel()
        if self.kernels is not None:
            self.kernels.close()
        if self.environment is not None:
            self.environment.close()
        if self.auto is not None:
            try:
                await asyncio.wait_for(self.auto.close(), _LAST_SECONDS)
            except Exception:
                log.exception("The last version could not be made; what is on this disk stays there")

    @property
    def _server(self) -> Any:
        assert self.serverapp is not None
        return self.serverapp

    def _standing(self, workspace: Workspace) -> Standing:
        """Set up all that makes versions."""
        root = workspace.places.root
        standing = Standing(workspace.hub_url, workspace.standing())
        pace = Pace(quiet=self.quiet, longest=self.longest, watch=self.watch, others=self.others)
        recorder = Recorder(workspace.committer, Notebooks(workspace.places))
        self.auto = AutoCommit(recorder, standing, self._active, pace)
        wanted = self.requirements == "always" or (self.requirements == "task" and not workspace.hub_url)
        self.environment = Environment(root, self._server.kernel_spec_manager, wanted=wanted)
        self.kernels = Kernels(self._server.kernel_manager, self._published, lambda _: self._auto.idle())
        events = self._server.event_logger
        events.add_listener(schema_id=CONTENTS_EVENTS, listener=self._contents)
        events.add_listener(schema_id=KERNEL_EVENTS, listener=self._kernels)
        # Kernels inherit these: the library then names files as the workspace does, and prints runs as in a task.
        os.environ.setdefault("DOTSCIENCE_PROJECT_DOT_ROOT", str(root))
        os.environ.setdefault("DOTSCIENCE_WORKLOAD_TYPE", "jupyter")
        self.log.info("Dotscience saves the versions of %s", root)
        return standing

    @property
    def _auto(self) -> AutoCommit:
        assert self.auto is not None
        return self.auto

    def _active(self) -> bool:
        """Whether files may be written that nobody tells of."""
        if self.standing.watched() or (self.kernels is not None and self.kernels.busy()):
            return True
        terminals = self._server.web_app.settings.get("terminal_manager")
        return bool(terminals and terminals.list())

    async def _contents(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """JupyterLab has written something. A note is all that is taken here: a save waits for it."""
        if data.get("action") not in _WRITES or self.workspace is None:
            return
        named = [path for path in (data.get("path"), data.get("source_path")) if path]
        touched = [self.workspace.places.of_contents(path) for path in named]
        self._auto.note(*touched)
        if self.environment is not None and self.environment.concerns(touched):
            self.environment.prepare(self.standing)

    async def _kernels(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if self.kernels is not None:
            self.kernels.reconcile()

    async def _look_at_kernels(self) -> None:
        while self.kernels is not None:
            self.kernels.reconcile()
            await asyncio.sleep(_RECONCILE_SECONDS)

    def _published(self, kernel: str, run: RunReport) -> None:
        """A kernel has published a run: find out which notebook it works for."""
        self._run(self._note_run(kernel, run))

    async def _note_run(self, kernel: str, run: RunReport) -> None:
        path = ""
        try:
            listed = self._server.session_manager.list_sessions()
            for session in await listed if hasattr(listed, "__await__") else listed:
                if (session.get("kernel") or {}).get("id") == kernel and session.get("type") == "notebook":
                    path = self.workspace.places.of_contents(session.get("path") or "") if self.workspace else ""
        except Exception:
            log.debug("The sessions cannot be listed", exc_info=True)
        self._auto.published(with_workload_file(run, path))

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
