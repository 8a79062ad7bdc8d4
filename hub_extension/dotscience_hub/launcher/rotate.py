"""`dotscience-hub secrets`: the keys that encrypt secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .folder import default_data_dir

if TYPE_CHECKING:
    from dotscience_hub.app.settings import Settings


@click.group()
def secrets() -> None:
    """Keys that encrypt secrets in the store."""


@secrets.command()
@click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=default_data_dir,
    show_default="the platform's folder for data",
    help="The service's folder.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The service's configuration, if it has one.",
)
@click.option("--db-url", help="The service's database, if it was named on its command line.")
def rotate(data_dir: Path, config: Path | None, db_url: str | None) -> None:
    """Encrypt all secrets anew with a new key. The hub may run or not.

    Where the keys are in the data folder, the old ones are removed from there; a backup of the database made before
    needs a copy of them. Where the configuration gives the keys, put the new one first and start the service again
    before; afterwards the others may be taken out.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from dotscience_hub.app.rotation import rotate_keys
    from jupyter_dotscience.api.problems import DotscienceError

    try:
        done = rotate_keys(_settings(data_dir, config, db_url))
    except (DotscienceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        # Its own text would show the statement; the driver's says why.
        raise click.ClickException(f"The database cannot be used: {getattr(error, 'orig', error)}") from None
    click.echo(f"Encrypted {done.resealed} secret(s) anew; the key of all is {done.newest} now.")
    if done.removed:
        click.echo(f"Removed {done.removed} old key(s).")


def _settings(data_dir: Path, config: Path | None, db_url: str | None) -> Settings:
    from traitlets import TraitError
    from traitlets.config import Config

    from dotscience_hub.app.service import DotscienceHub

    said = Config({"DotscienceHub": {"data_dir": str(data_dir.absolute())} | ({"db_url": db_url} if db_url else {})})
    service = DotscienceHub()
    try:
        if config is not None:
            service.load_config_file(str(config.absolute()))
        service.update_config(said)
        return service.settings()
    except TraitError as error:
        raise click.ClickException(str(error)) from None
