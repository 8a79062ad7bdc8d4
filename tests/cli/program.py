"""The real program, as a person would start it, away from anybody's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "dotscience_cli.main"]


@dataclass
class Program:
    """`ds` with settings of its own.

    Attributes:
        home: Settings and logins.
        environment: Of the program.
    """

    home: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, home: Path, **variables: str) -> Program:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOTSCIENCE_")}
        own = {"DOTSCIENCE_CONFIG_DIR": str(home), "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
        return cls(home, kept | own | variables)

    def with_variables(self, **variables: str) -> Program:
        return Program(self.home, self.environment | variables)

    def __call__(
        self, *arguments: str | bytes, stdin: bytes = b"", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=60,
            cwd=cwd,
            check=False,
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        pipes: Mapping[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen([*COMMAND, *arguments], env=self.environment, **(pipes | options))
