"""The program `dotscience-hub`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from dotscience_hub.auth.accounts import AccountError, Accounts
from jupyter_dotscience import _version

from .errors import LauncherError
from .folder import DataFolder, default_data_dir
from .rotate import secrets
from .users import announce_user, open_accounts

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data_dir,
    show_default="the platform's folder for data",
    help="Where everything is kept.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version.__version__, message="%(version)s")
def main() -> None:
    """Dotscience on one machine: a JupyterHub with the Dotscience service and a runner."""


@main.command()
@data_dir_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for a free one.")
@click.option("--backend", type=click.Choice(["docker", "process"]), help="The runner's; docker if an engine answers.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help='Gets JSON {"url", "username", "password"} when all is ready; the password is null once it was changed.',
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The service's configuration in Python: `c.DotscienceHub.db_url = ...` for PostgreSQL, S3, times, limits.",
)
@click.option("--verbose", is_flag=True, help="Show what the parts print; it is always in DATA_DIR/logs.")
@click.option("--no-runner", is_flag=True, help="Start no runner.")
def up(
    *,
    data_dir: Path,
    host: str,
    port: int,
    backend: str | None,
    ready_file: Path | None,
    config: Path | None,
    verbose: bool,
    no_runner: bool,
) -> None:
    """Start hub, proxy, service and one runner; Ctrl-C ends them."""
    from .up import AllInOne, Options

    options = Options(
        data_dir,
        host,
        port,
        backend,
        ready_file and ready_file.absolute(),
        verbose,
        not no_runner,
        config and config.absolute(),
    )
    try:
        asyncio.run(_run(lambda: AllInOne(options, click.echo).run()))
    except LauncherError as error:
        raise click.ClickException(str(error)) from None


async def _run(begin: Callable[[], Awaitable[None]]) -> None:
    """An asyncio.Event belongs to a loop, so all is made inside of one."""
    await begin()


main.add_command(secrets)


@main.group()
def user() -> None:
    """Accounts of the hub."""


@user.command("add")
@data_dir_option
@click.argument("name")
def add(data_dir: Path, name: str) -> None:
    """Make an account and print its generated password. The hub may run or not."""
    folder, accounts = _open(data_dir)
    try:
        password = accounts.create(name)
    except AccountError as error:
        raise click.ClickException(str(error)) from None
    announce_user(folder, name.strip().lower())
    click.echo(password)


@user.command("passwd")
@data_dir_option
@click.argument("name")
def passwd(data_dir: Path, name: str) -> None:
    """Give an account a new generated password and print it."""
    _, accounts = _open(data_dir)
    try:
        click.echo(accounts.reset(name))
    except AccountError as error:
        raise click.ClickException(str(error)) from None


@user.command("ls")
@data_dir_option
def ls(data_dir: Path) -> None:
    """List the accounts."""
    for name in _open(data_dir)[1].names():
        click.echo(name)


def _open(data_dir: Path) -> tuple[DataFolder, Accounts]:
    try:
        return open_accounts(data_dir)
    except LauncherError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
