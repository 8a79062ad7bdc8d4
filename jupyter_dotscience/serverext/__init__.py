"""JupyterLab's server extension: a workspace that versions itself, notebooks that record their runs.

It is enabled by ``etc/jupyter/jupyter_server_config.d/jupyter_dotscience.json``. Its routes are described in
``docs/reference/serverext.md``.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the extension (its documentation, "Server Extensions")."""
    from .extension import DotscienceExtension

    return [{"module": "jupyter_dotscience.serverext", "app": DotscienceExtension}]
