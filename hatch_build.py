"""Builds the JupyterLab extension into a wheel or an archive of the sources.

What is in the sources of a release is used as it is, so that installing from there needs no node. An editable
install builds nothing: `make setup` does, and again whenever the TypeScript changes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "jupyter_dotscience/labextension"
PLACE = "share/jupyter/labextensions/@dotscience/lab"


class LabExtension(BuildHookInterface):  # type: ignore[type-arg]
    """See `[tool.hatch.build.hooks.custom]` in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing.

        Args:
            version: Which build of the target it is; an editable one is called so.
            build_data: Is told where a wheel has the extension.
        """
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / BUILT / "package.json").exists():
            subprocess.run([sys.executable, str(root / "tools" / "nodejs.py"), "labextension"], check=True)
        if self.target_name == "wheel":
            build_data["shared_data"][BUILT] = PLACE
