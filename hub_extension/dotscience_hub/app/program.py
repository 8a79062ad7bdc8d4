"""What the programs that JupyterHub starts have in common: configuration, and a log on stderr."""

from __future__ import annotations

import logging
from typing import Any

from tornado.log import LogFormatter
from traitlets import Unicode, default
from traitlets.config import Application

from jupyter_dotscience import _version


class Program(Application):
    """A program that is configured by a file and its command line."""

    version = _version.__version__
    raise_config_file_errors = True

    config_file = Unicode("", help="A configuration file in Python: `c.DotscienceHub.db_url = ...`.").tag(config=True)

    @default("log_level")
    def _log_level_default(self) -> int:
        return logging.INFO

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read command line and configuration file; the command line has the last word."""
        super().initialize(argv)
        if self.config_file:
            self.load_config_file(self.config_file)
            self.update_config(self.cli_config)
        _log_to_stderr(self.log_level)


def _log_to_stderr(level: Any) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(color=False))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
