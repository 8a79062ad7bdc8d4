"""JupyterHub's configuration: what Dotscience needs in any hub, and all of it for the all-in-one hub."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_dotscience.api import tunnel
from jupyter_dotscience.api.routes import SERVER_SCOPES, Scope

from .child import PARENT
from .child import __file__ as child_program
from .folder import DataFolder
from .settings import HubSettings

SERVICE = "dotscience"
GATEWAY = tunnel.SERVICE
LAUNCHER = "dotscience-launcher"
ACCESS = f"access:services!service={SERVICE}"

LEAN = {"MALLOC_ARENA_MAX": "2", "NODE_OPTIONS": "--max-semi-space-size=4"}
"""Environment of programs that shall be small: glibc's heaps for many threads, and node's for short-lived objects."""

_PASSED_ON = ("AWS_", "PG", "SSL_CERT_")

_DESCRIPTIONS: dict[Scope, dict[str, Any]] = {
    Scope.PROJECTS_READ: {"description": "Read Dotscience projects, files, tasks, logs and runs"},
    Scope.PROJECTS_WRITE: {
        "description": "Create and change Dotscience projects and their files",
        "subscopes": [Scope.PROJECTS_READ.value],
    },
    Scope.TASKS_WRITE: {
        "description": "Run commands and JupyterLab as Dotscience tasks",
        "subscopes": [Scope.PROJECTS_READ.value],
    },
    Scope.RUNNERS_WRITE: {"description": "Add and remove Dotscience runners"},
    Scope.SECRETS_WRITE: {"description": "Make, read and remove Dotscience secrets (SSH keys)"},
}


def add_dotscience(c: Any, *, url: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    """Add the service, its scopes and its role to a hub's configuration.

    Args:
        c: The configuration object of ``jupyterhub_config.py``.
        url: Where the service listens, e.g. ``http://127.0.0.1:10101``.
        command: How to start the service; it is kept running.
        environment: More environment variables for it.
    """
    c.JupyterHub.custom_scopes = {scope.value: dict(facts) for scope, facts in _DESCRIPTIONS.items()}
    c.JupyterHub.extra_user_scopes = {ACCESS, *(scope.value for scope in Scope)}
    # With `shares` it lets collaborators into people's JupyterLabs. It could open them all, which is nothing new: it
    # hands the tokens of all these servers to the runners.
    scopes = ["read:users:name", "list:users", "shares"]
    _append(c.JupyterHub, "load_roles", {"name": SERVICE, "services": [SERVICE], "scopes": scopes})
    service = {
        "name": SERVICE,
        "display": True,
        "url": url,
        "command": [sys.executable, "-I", child_program, "keep", *command],
        "environment": environment or {},
        "oauth_no_confirm": True,
        # With `tokens!user`, who confirms a login of `ds` on the service's page can have it make the token.
        "oauth_client_allowed_scopes": [*(scope.value for scope in Scope), *SERVER_SCOPES, "tokens!user"],
    }
    _append(c.JupyterHub, "services", service)
    # Where the published library looks for a hub: at the root of the address that it is given.
    c.Proxy.extra_routes.update({f"{_root(c)}{name}/": url for name in ("v2", "project")})
    c.JupyterHub.allow_named_servers = True
    # JupyterLab on runners goes on while the hub is restarted.
    c.JupyterHub.cleanup_servers = False


def _root(c: Any) -> str:
    """The hub's own root, as the proxy's routes have it: with the host where each user has another one."""
    given = {
        name: str(c.JupyterHub[name]) for name in ("base_url", "bind_url", "subdomain_host") if name in c.JupyterHub
    }
    path = given.get("base_url") or urlsplit(given.get("bind_url", "")).path
    host = urlsplit(given.get("subdomain_host", "")).hostname or ""
    return f"{host}/{path.strip('/')}/".replace("//", "/")


def add_gateway(
    c: Any, *, url: str, service_url: str, command: list[str], environment: dict[str, str] | None = None
) -> None:
    """Add JupyterLab on runners: the gateway, and the spawner whose servers are tasks.

    Args:
        c: The configuration object of ``jupyterhub_config.py``.
        url: Where the gateway listens, on the machine where the hub's proxy runs, e.g. ``http://127.0.0.1:10102``.
        service_url: Where the service listens, as given to :func:`add_dotscience`.
        command: How to start the gateway; it is kept running.
        environment: More environment variables for it.
    """
    service = {
        "name": GATEWAY,
        "display": False,
        "url": url,
        "command": [sys.executable, "-I", child_program, "keep", *command],
        "environment": environment or {},
    }
    _append(c.JupyterHub, "services", service)
    c.JupyterHub.spawner_class = "dotscience_spawner.DotscienceSpawner"
    c.DotscienceSpawner.service_url = service_url
    # At its start the hub asks for its servers before it starts the services, which alone know: it would wait in vain.
    c.JupyterHub.init_spawners_timeout = 1
    # A task may wait for a runner for long: the page that shows its progress comes at once.
    given = c.JupyterHub.tornado_settings if "tornado_settings" in c.JupyterHub else {}
    c.JupyterHub.tornado_settings = {**given, "slow_spawn_timeout": 0}


def configure(c: Any, settings: HubSettings) -> None:
    """Everything for the all-in-one hub.

    Args:
        c: The configuration object.
        settings: What the launcher found out.
    """
    folder = DataFolder(Path(settings.data_dir))
    _configure_network(c, settings)
    _configure_files(c, folder)
    _configure_accounts(c, settings, folder)
    service = [sys.executable, "-m", "dotscience_hub", f"--data-dir={folder.root}", *settings.service_arguments]
    url = f"http://127.0.0.1:{settings.ports.service}"
    add_dotscience(c, url=url, command=service, environment={PARENT: str(os.getpid()), **LEAN, **_passed_on()})
    _append(c.JupyterHub, "services", {"name": LAUNCHER, "api_token": settings.launcher_token, "display": False})
    # What `dotscience-hub user add` and the wait for the runner need.
    scopes = ["admin:users", ACCESS, Scope.PROJECTS_READ.value]
    _append(c.JupyterHub, "load_roles", {"name": LAUNCHER, "services": [LAUNCHER], "scopes": scopes})
    gateway = [sys.executable, "-m", "dotscience_hub", "gateway", f"--data-dir={folder.root}"]
    gateway += settings.gateway_arguments
    add_gateway(
        c,
        url=f"http://127.0.0.1:{settings.ports.gateway}",
        service_url=url,
        command=gateway,
        environment={PARENT: str(os.getpid()), **LEAN, **_passed_on()},
    )
    c.JupyterHub.default_url = f"/services/{SERVICE}/"


def _passed_on() -> dict[str, str]:
    """Where S3's and PostgreSQL's clients look for keys and certificates; JupyterHub hands services next to nothing."""
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}


def _configure_network(c: Any, settings: HubSettings) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    c.JupyterHub.bind_url = f"http://{host}:{settings.port}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.ports.hub}"
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.ports.proxy}"
    c.ConfigurableHTTPProxy.auth_token = settings.proxy_token
    # The hub forks the proxy: were the hub killed, nobody else would end it.
    guard = [sys.executable, "-I", child_program, "with", str(os.getpid())]
    c.ConfigurableHTTPProxy.command = [*guard, *settings.proxy_command]
    c.JupyterHub.cleanup_proxy = True


def _configure_files(c: Any, folder: DataFolder) -> None:
    c.JupyterHub.db_url = f"sqlite:///{folder.hub_database}"
    c.JupyterHub.cookie_secret_file = str(folder.cookie_secret)
    c.ConfigurableHTTPProxy.pid_file = str(folder.state / "proxy.pid")


def _configure_accounts(c: Any, settings: HubSettings, folder: DataFolder) -> None:
    from dotscience_hub.auth.local import TEMPLATES

    c.JupyterHub.authenticator_class = "dotscience_hub.auth.local.LocalAccountsAuthenticator"
    c.LocalAccountsAuthenticator.accounts_path = str(folder.accounts)
    c.LocalAccountsAuthenticator.initial_password_path = str(folder.initial_password)
    c.Authenticator.admin_users = {settings.admin}
    c.JupyterHub.template_paths = [str(TEMPLATES)]


def _append(section: Any, name: str, item: dict[str, Any]) -> None:
    """Add to a list that other parts of a configuration may have begun."""
    value = section.get(name) if name in section else []
    setattr(section, name, [*value, item])
