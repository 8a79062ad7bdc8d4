"""JupyterHub's servers as Dotscience tasks."""

from .spawner import DotscienceSpawner

__all__ = ["DotscienceSpawner"]
