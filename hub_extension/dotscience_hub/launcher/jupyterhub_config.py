"""The configuration file that the launcher gives JupyterHub."""

from __future__ import annotations

from pathlib import Path

from dotscience_hub.launcher.hubconfig import configure
from dotscience_hub.launcher.settings import HubSettings

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub gives it to this file
settings = HubSettings.load()
configure(c, settings)

own = Path(settings.data_dir) / "jupyterhub_config.py"
if own.is_file():
    # What people configure themselves, another authenticator for example, has the last word.
    exec(compile(own.read_bytes(), str(own), "exec"), {"c": c, "get_config": lambda: c, "__file__": str(own)})  # noqa: S102
