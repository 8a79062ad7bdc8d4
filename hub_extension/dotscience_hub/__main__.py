"""``python -m dotscience_hub``: the service, as JupyterHub starts it."""

from __future__ import annotations

import os

from dotscience_hub.launcher.child import PARENT, die_with_parent


def main() -> None:
    """Run the service."""
    parent = os.environ.pop(PARENT, None)
    if parent is not None:
        # Before the imports, which take most of a second: the parent could be gone by then.
        die_with_parent(int(parent))
    from dotscience_hub.app.service import DotscienceHub

    DotscienceHub.launch_instance()


if __name__ == "__main__":
    main()
