"""JupyterLab in a task: how it is started, how it reaches the hub, and how browsers reach it."""
