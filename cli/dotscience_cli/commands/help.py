"""``ds help``."""

from __future__ import annotations

import click


@click.command("help", short_help="Show what a command does.")
@click.argument("command", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Show what a command does: `ds help`, `ds help run`, `ds help project create`."""
    root = ctx.find_root()
    click.echo(_context_of(root, command).get_help())


def _context_of(context: click.Context, names: tuple[str, ...]) -> click.Context:
    for name in names:
        group = context.command
        found = group.get_command(context, name) if isinstance(group, click.Group) else None
        if found is None:
            said = " ".join(names)
            raise click.UsageError(f"There is no command `ds {said}`; `ds help` lists all.")
        context = click.Context(found, parent=context, info_name=name)
    return context
