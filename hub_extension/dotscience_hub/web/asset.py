"""Files of the pages' build, packed for browsers that take them so."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

from .base import BaseHandler

_YEAR = 31_536_000
_PACKED_TYPES = (".js", ".css")


@functools.lru_cache(maxsize=128)
def _packed(path: str, changed: float) -> bytes:  # noqa: ARG001 - a change makes it be packed again
    """A file's content as gzip: made once, a few hundredths of a second for the largest."""
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


class Asset(BaseHandler, StaticFileHandler):
    """A file of the build. Its name tells its content, so that browsers keep it."""

    route_name = "asset"

    _packs = False

    async def get(self, path: str, include_body: bool = True) -> None:
        """The file; as gzip where the browser takes that, and asks for no part of it."""
        accepted = "gzip" in self.request.headers.get("Accept-Encoding", "")
        self._packs = accepted and path.endswith(_PACKED_TYPES) and "Range" not in self.request.headers
        if self._packs:
            self._get_packed(path)
        else:
            await super().get(path, include_body)

    def _get_packed(self, path: str) -> None:
        """As tornado's own `get`, for which files are as large as they are on the disk."""
        self.path = self.parse_url_path(path)
        self.absolute_path = self.validate_absolute_path(self.root, self.get_absolute_path(self.root, self.path))
        if self.absolute_path is None:
            return
        self.modified = self.get_modified_time()
        self.set_headers()
        self.clear_header("Accept-Ranges")
        if self.should_return_304():
            self.set_status(304)
        else:
            self.finish(_packed(self.absolute_path, self._stat().st_mtime))

    def get_cache_time(self, path: str, modified: Any, mime_type: str) -> int:
        """Seconds that browsers keep it."""
        return _YEAR

    def set_extra_headers(self, path: str) -> None:
        """Say that it never changes, and in which form it comes."""
        self.set_header("Cache-Control", f"public, max-age={_YEAR}, immutable")
        self.set_header("Vary", "Accept-Encoding")
        if self._packs:
            self.set_header("Content-Encoding", "gzip")

    def compute_etag(self) -> str | None:
        """By its content and form."""
        tag = StaticFileHandler.compute_etag(self)
        return f'{tag[:-1]}-gzip"' if tag and self._packs else tag
