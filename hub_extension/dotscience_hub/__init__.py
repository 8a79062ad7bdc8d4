"""The hub: a JupyterHub service with projects, tasks, runs and provenance, and the all-in-one launcher."""
