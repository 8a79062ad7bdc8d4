"""``ds completion``."""

from __future__ import annotations

import click

_START = {
    "bash": 'eval "$(ds completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(ds completion zsh)" in ~/.zshrc',
    "fish": "ds completion fish > ~/.config/fish/completions/ds.fish",
}


@click.command(epilog="; ".join(f"{shell}: {how}" for shell, how in _START.items()))
@click.argument("shell", type=click.Choice(list(_START)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the code that lets SHELL complete commands and options."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "ds", "_DS_COMPLETE").source())
