"""Where a repository is, as people write it; what of that may be shown; and the name it gets in the workspace."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.workspace import WorkspaceError

SCHEMES: Final = ("https", "http", "ssh", "git", "file")
NAMELESS: Final = "code"
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]+::")
_LIKE_SCP: Final = re.compile(r"(?:[^/@:]+@)?(?:\[[^\]]*\]|[^/:]+):(.*)", re.DOTALL)


class RepositoryError(WorkspaceError):
    """A repository cannot be had, or not be put into the workspace."""


@dataclass(frozen=True)
class Address:
    """A repository's place.

    Attributes:
        scheme: One of ``SCHEMES``.
        url: For git, and to be shown: it holds no password and no token.
        name: Of its folder in the workspace.
        authorization: What HTTP's header of that name is to be; secret.
    """

    scheme: str
    url: str
    name: str
    authorization: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Understand what `git clone` takes.

        Raises:
            RepositoryError: it is no place that a runner may clone from.
        """
        if match := _URL.fullmatch(text):
            return _of_url(match[1].lower(), match[2])
        if text.startswith("/"):
            return _of_url("file", text)
        match = None if _HELPER.match(text) else _LIKE_SCP.fullmatch(text)
        if match is None or text.startswith("-"):
            raise RepositoryError(
                f"{text[:200]!r} is no URL of a git repository; write https://HOST/PATH, ssh://HOST/PATH or HOST:PATH."
            )
        return cls("ssh", text, _name(match[1]))

    def within(self, folders: Collection[Path]) -> Address:
        """Itself when the runner may read it; a repository on the runner's own disk only below ``folders``.

        Raises:
            RepositoryError: it may not.
        """
        if self.scheme != "file":
            return self
        place = Path(unquote(self.url.removeprefix("file://"))).resolve()
        if not any(place.is_relative_to(folder.resolve()) for folder in folders):
            raise RepositoryError(
                f"{self.url} is on the runner's own disk, which this runner does not offer: its owner can, with "
                "--repositories FOLDER."
            )
        return Address(self.scheme, "file://" + quote(str(place)), self.name)


def _of_url(scheme: str, rest: str) -> Address:
    if scheme not in SCHEMES:
        raise RepositoryError(f"Repositories come by {', '.join(SCHEMES)}; {scheme} is none of these.")
    host, slash, path = rest.partition("/")
    if scheme == "file" and (host or not slash):
        raise RepositoryError("A file URL is file:// and an absolute path, such as file:///srv/repository.git.")
    user, at, place = host.rpartition("@")
    if scheme == "ssh" and at:
        place = f"{user.partition(':')[0]}@{place}"  # a password there is of no use to ssh
    authorization = _basic(user) if at and scheme in ("http", "https") else None
    return Address(scheme, f"{scheme}://{place}{slash}{path}", _name(path), authorization)


def _basic(user: str) -> str:
    """RFC 7617, from the part of a URL before the ``@``."""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()


def _name(path: str) -> str:
    """What `git clone` calls the folder: the last part of the path, without ``.git``."""
    path = path.rstrip("/").removesuffix("/.git").rstrip("/")
    name = path.rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
    try:
        paths.check(name.encode())
    except (BadRequest, UnicodeEncodeError):
        return NAMELESS
    return name or NAMELESS
