"""The gateway: leads browsers' connections to JupyterLab on runners that only call out (`api.tunnel`)."""
