"""Files that take for ever to be read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class SlowContents(AsyncLargeFileManager):
    """Reads on a thread, as its class does, ``slow.txt`` on a disk that does not answer; says so by ``reading``."""

    async def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """A file or a folder."""
        if path.strip("/") == "slow.txt":
            (Path(self.root_dir) / "reading").touch()
            await run_sync(time.sleep, 3600)
        return await super().get(path, *args, **kwargs)
