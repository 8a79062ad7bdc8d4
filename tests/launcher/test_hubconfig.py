"""What is added to the configuration of somebody's JupyterHub."""

from __future__ import annotations

from typing import Any

import pytest
from dotscience_hub.launcher.hubconfig import add_dotscience
from jupyterhub.app import JupyterHub
from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets.config import Config

URL = "http://127.0.0.1:10101"


def routes(config: Config) -> dict[str, str]:
    """The proxy's, as JupyterHub takes them."""
    app = JupyterHub(config=config)
    return dict(ConfigurableHTTPProxy(config=config, parent=app, app=app).extra_routes)


@pytest.mark.parametrize(
    ("hub", "root"),
    [
        ({}, "/"),
        ({"base_url": "/jupyter"}, "/jupyter/"),
        ({"bind_url": "http://:8000/jupyter/"}, "/jupyter/"),
        ({"subdomain_host": "https://hub.example.org"}, "hub.example.org/"),
        ({"subdomain_host": "https://hub.example.org:8443", "base_url": "/a/b/"}, "hub.example.org/a/b/"),
    ],
)
def test_the_library_finds_the_service_at_the_hub_s_root(hub: dict[str, Any], root: str) -> None:
    """Wherever that is; routes that were there before stay."""
    config = Config()
    config.JupyterHub.update(hub)
    given = f"{root}given/"
    config.Proxy.extra_routes.update({given: "http://127.0.0.1:1"})
    add_dotscience(config, url=URL, command=["true"])
    assert routes(config) == {given: "http://127.0.0.1:1", f"{root}v2/": URL, f"{root}project/": URL}
