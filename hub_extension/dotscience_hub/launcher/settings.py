"""What the launcher tells JupyterHub's configuration."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

VARIABLE = "DOTSCIENCE_HUB_SETTINGS"
"""Environment variable with the path of the settings file."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Loopback ports of the parts."""

    hub: int
    proxy: int
    service: int
    gateway: int


class HubSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the configuration needs. Holds secrets: its file is readable by its owner alone.

    Attributes:
        data_dir: The data folder.
        host: Address that the proxy listens on.
        port: Port that the proxy listens on.
        ports: Inner ports.
        proxy_command: How to start configurable-http-proxy.
        proxy_token: Secret between hub and proxy.
        launcher_token: The launcher's own token for the hub.
        admin: Name of the first admin.
        service_arguments: More command-line arguments for the service.
        gateway_arguments: More command-line arguments for the gateway.
    """

    data_dir: str
    host: str
    port: int
    ports: Ports
    proxy_command: list[str]
    proxy_token: str
    launcher_token: str
    admin: str = "admin"
    service_arguments: list[str] = msgspec.field(default_factory=list)
    gateway_arguments: list[str] = msgspec.field(default_factory=list)

    @staticmethod
    def load() -> HubSettings:
        """The settings that the environment names."""
        return msgspec.json.decode(Path(os.environ[VARIABLE]).read_bytes(), type=HubSettings)
