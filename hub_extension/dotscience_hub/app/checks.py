"""What readiness looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from jupyterhub.httpclient import fetch
from jupyterhub.services.auth import HubOAuth
from sqlalchemy import text

from dotscience_hub.web.system import Check

from .wiring import Foundation


def make_checks(base: Foundation, hub: HubOAuth) -> Mapping[str, Check]:
    """Database, storage, and JupyterHub's own API."""

    def look_at_database() -> None:
        with base.database.read() as session:
            session.execute(text("SELECT 1"))

    async def database() -> None:
        await asyncio.to_thread(look_at_database)

    async def storage() -> None:
        await asyncio.to_thread(base.objects.check)

    async def jupyterhub() -> None:
        answer = await fetch(hub.api_url, method="GET", raise_for_status=False)
        if answer.status != 200:
            raise OSError(f"status {answer.status}")

    return {"database": database, "storage": storage, "jupyterhub": jupyterhub}
