"""``python -m dotscience_hub``: the service, as JupyterHub starts it. With ``gateway`` as first argument: that."""

from __future__ import annotations

import os
import sys

from dotscience_hub.launcher.child import PARENT, die_with_parent


def main() -> None:
    """Run the service, or the gateway."""
    parent = os.environ.pop(PARENT, None)
    if parent is not None:
        # Before the imports, which take most of a second: the parent could be gone by then.
        die_with_parent(int(parent))
    if sys.argv[1:2] == ["gateway"]:
        from dotscience_hub.app.gateway import DotscienceGateway

        DotscienceGateway.launch_instance(sys.argv[2:])
        return
    from dotscience_hub.app.service import DotscienceHub

    DotscienceHub.launch_instance()


if __name__ == "__main__":
    main()
