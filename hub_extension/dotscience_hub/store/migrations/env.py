"""What alembic runs for each command; the connection comes from `store.schema`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

from dotscience_hub.store.models import metadata


def run() -> None:
    """Run migrations in the connection's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        # SQLite can change little of a table in place: batch mode makes it anew and copies the rows.
        render_as_batch=True,
        render_item=render,
    )
    context.run_migrations()


def render(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """How a type is written into a migration: a migration must mean the same when our own types have changed."""
    if kind != "type":
        return False
    if isinstance(item, TypeDecorator):
        impl = item.impl_instance
        return "sa.Text()" if isinstance(impl, Text) else f"sa.{impl!r}"
    return "TEXT" if isinstance(item, Text) and "postgresql" in item._variant_mapping else False  # noqa: SLF001


run()
