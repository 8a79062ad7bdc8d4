"""A server with the git and LFS addresses alone, on loopback, in a thread; and the stock clients."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from pathlib import Path

from dotscience_hub.services.git_server import GitServer
from dotscience_hub.web import git_http, lfs
from dotscience_hub.web.credential import token_of
from dotscience_hub.web.git_http import GitAccess
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from jupyter_dotscience.api.problems import Forbidden, NotFound, NotLoggedIn
from jupyter_dotscience.api.projects import Role
from tests.hub.git.hub import Hub

ROLES = {"writer-token": ("wendy", Role.WRITER), "reader-token": ("rita", Role.READER)}


class Server:
    """Serves one hub's projects to a writer and a reader, each known by a token."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        self._folder = folder
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._started.wait(30)

    async def authorize(self, handler: RequestHandler, project: str, role: Role) -> GitAccess:
        """Stands for the hub's own: the project is the hub's only one, by its id or as `mine`."""
        token = token_of(handler.request.headers.get("Authorization", ""))
        if token not in ROLES:
            raise NotLoggedIn("Use a token as the password.")
        if project not in (self._hub.project, "my project"):
            raise NotFound("There is no such project.")
        name, granted = ROLES[token]
        if not granted.includes(role):
            raise Forbidden(f"A {granted} may not do this.")
        return GitAccess(self._hub.project, name)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = GitServer(self._hub.database, self._hub.commits, self._folder / "hooks")
        rules = [*git_http.handlers(server, self.authorize), *lfs.handlers(self._hub.contents, self.authorize)]
        sockets = bind_sockets(0, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        http = HTTPServer(Application(rules))  # type: ignore[arg-type]
        http.add_sockets(sockets)
        self._started.set()
        await self._stop.wait()
        http.stop()
        await http.close_all_connections()

    def url(self, token: str | None = "writer-token", project: str | None = None) -> str:
        """What `git clone` takes."""
        user = "" if token is None else f"any:{token}@"
        return f"http://{user}127.0.0.1:{self.port}/services/dotscience/git/{project or self._hub.project}"

    def close(self) -> None:
        """Stop and wait."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)


class Client:
    """A person's git, with a home of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Wendy", "GIT_AUTHOR_EMAIL": "wendy@example.org",
            "GIT_COMMITTER_NAME": "Wendy", "GIT_COMMITTER_EMAIL": "wendy@example.org",
        }  # fmt: skip

    def run(
        self, *arguments: str, cwd: Path | None = None, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git; the caller looks at the exit status."""
        return subprocess.run(
            ["git", *arguments], cwd=cwd or self.home, env=self.environment, input=stdin, capture_output=True,
            timeout=60, check=False,
        )  # fmt: skip

    def git(self, *arguments: str, cwd: Path | None = None, stdin: bytes | None = None) -> str:
        """Run git; its output."""
        done = self.run(*arguments, cwd=cwd, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode(errors="replace").strip()

    def new(self, name: str = "work") -> Path:
        """An empty repository with the branch main."""
        folder = self.home / name
        self.git("init", "--quiet", "--initial-branch=main", str(folder))
        return folder

    def commit(self, folder: Path, message: str = "by hand") -> None:
        """Commit all there is."""
        self.git("add", "--all", ".", cwd=folder)
        self.git("commit", "--quiet", "-m", message, cwd=folder)
