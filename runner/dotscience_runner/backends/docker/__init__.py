"""Tasks as Docker containers, through the engine's API."""

from .backend import DockerBackend

__all__ = ["DockerBackend"]
