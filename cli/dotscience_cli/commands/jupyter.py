"""``ds jupyter``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from jupyter_dotscience.client.servers import Servers


@click.command()
@click.option("-p", "--project-name", "--project", "project", metavar="PROJECT", required=True, help="Name or id.")
@click.option("-I", "--image", help="Container image with jupyterhub and jupyterlab; without it the hub's usual one.")
@click.option("-r", "--label", multiple=True, metavar="NAME[=VALUE]", help="Only a runner with this label.")
@click.option("--nvidia", is_flag=True, help="Only a runner with a GPU, and use one.")
@click.option("--cpus", type=click.FloatRange(0, 4096, min_open=True), help="At most so many processor cores.")
@click.option("--memory", metavar="SIZE", help="At most so much memory, such as 512m or 8g.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def jupyter(
    *,
    project: str,
    image: str | None,
    label: tuple[str, ...],
    nvidia: bool,
    cpus: float | None,
    memory: str | None,
    no_browser: bool,
) -> int:
    """Start JupyterLab on a runner, in the workspace of a project, and open it in the browser.

    Its address is printed when it can be used. What happens until then is said on standard error. It runs until it is
    stopped: in JupyterLab (File, Hub Control Panel), on the hub's pages, or with `ds task stop`. You have one per
    project: where it runs already, it is opened. Ctrl-C leaves it starting.

    \b
    Examples:
      ds jupyter -p iris
      ds jupyter -p iris -I registry.example.org/torch-lab -r site=berlin --memory 8g
    """  # noqa: D301 - click's own mark for "do not wrap"
    from dotscience_cli import refs, session, settings_of_run
    from dotscience_cli.guard import say
    from jupyter_dotscience.api.servers import name_for
    from jupyter_dotscience.client.servers import Servers

    found: dict[str, Any] = {
        "image": image,
        "labels": settings_of_run.labels(label),
        "cpus": cpus,
        "gpus": 1 if nvidia else 0,
        "memory": settings_of_run.memory(memory),
    }
    with session.connect() as client:
        options = {"project": refs.project(client, project).id, **{key: one for key, one in found.items() if one}}
        servers, name = Servers(client, client.get_account().name), name_for(options["project"])
        if not servers.start(name, options):
            say("It runs already; to start it otherwise, stop it first (`ds task stop`).")
        address = client.url + _follow(servers, name).rstrip("/") + "/lab"
    click.echo(address)
    if not no_browser:
        click.launch(address)
    return 0


def _follow(servers: Servers, name: str) -> str:
    """Say how the start goes on; answers the server's path."""
    from dotscience_cli.guard import Failure, say
    from dotscience_cli.text import printable

    for event in servers.follow(name):
        if event.failed:
            raise Failure(printable(_reason(event.message)))
        if event.ready:
            return event.url
        say(printable(event.message))
    raise AssertionError("the hub's last word is one of these")


def _reason(message: str) -> str:
    """Without what JupyterHub puts before it: ``Spawn failed: 400 SpawnException(reason=x): ...``."""
    return message.rpartition("): ")[2] if "SpawnException" in message else message
