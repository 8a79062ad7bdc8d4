"""The configuration file that the launcher gives JupyterHub."""

from __future__ import annotations

from pathlib import Path

from traitlets.config import get_config

from dotscience_hub.launcher.hubconfig import configure
from dotscience_hub.launcher.settings import HubSettings

c = get_config()
settings = HubSettings.load()
configure(c, settings)

own = Path(settings.data_dir) / "jupyterhub_config.py"
if own.is_file():
    # What people configure themselves, another authenticator for example, has the last word.
    exec(compile(own.read_bytes(), str(own), "exec"), {"c": c, "get_config": get_config, "__file__": str(own)})  # noqa: S102
