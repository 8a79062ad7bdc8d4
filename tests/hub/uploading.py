"""A process that goes on with an upload, tells how far it is, and may be killed at any moment."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from dotscience_hub.services.uploads import Uploads

from jupyter_dotscience.api.uploads import PartQuery, UploadBegin, UploadFinish
from tests.hub.git.hub import ALICE, open_hub

PART = 700_000


def content() -> bytes:
    """The same in every process."""
    return b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(8 * PART // 32))


def main(folder: str, project: str) -> None:
    """Go on to the end."""
    data, hub = content(), open_hub(Path(folder), project)
    uploads = Uploads(hub.objects, hub.contents)
    sha256, size = hashlib.sha256(data).hexdigest(), len(data)
    at = uploads.begin_upload(ALICE, project=project, body=UploadBegin(sha256=sha256, size=size)).received
    print(at, flush=True)

    async def part() -> AsyncIterator[bytes]:
        for start in range(at, min(at + PART, size), 10_000):
            yield data[start : min(start + 10_000, at + PART)]

    async def go_on() -> None:
        nonlocal at
        while at < size:
            query = PartQuery(size=size, offset=at)
            at = (await uploads.put_part(ALICE, project=project, sha256=sha256, query=query, body=part())).received
            print(at, flush=True)
        await uploads.finish_upload(ALICE, project=project, sha256=sha256, body=UploadFinish(size=size))
        print("done", flush=True)

    asyncio.run(go_on())


if __name__ == "__main__":
    main(*sys.argv[1:])
