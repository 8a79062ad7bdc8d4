"""``ds clone``, ``ds init``, ``ds sync``: folders of this machine that belong to a project."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("project_ref", metavar="PROJECT")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
def clone(project_ref: str, directory: Path | None) -> None:
    """Bring the files of PROJECT into a new folder DIRECTORY and bind it to the project.

    A JupyterLab that is started in the folder, where this package is installed, saves versions of it to the project by
    itself; `ds sync` does without JupyterLab. Without DIRECTORY the folder is named after the project.
    """
    from dotscience_cli import bound, refs, session
    from dotscience_cli.text import printable

    with session.connect() as client:
        project = refs.project(client, project_ref)
        folder = directory or bound.folder_for(project.name)
        count = bound.clone(client, project, folder)
    click.echo(f"{printable(str(folder))}: {count} file{'s' * (count != 1)} of {printable(project.name)}.")


@click.command()
@click.argument("project_ref", metavar="[PROJECT]", required=False)
def init(project_ref: str | None) -> None:
    """Bind the current folder to PROJECT, or to a new project named after the folder.

    Its files are brought to the project by `ds sync`, or by a JupyterLab that is started in it.
    """
    from dotscience_cli import bound, refs, session
    from dotscience_cli.guard import Failure
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.projects import ProjectCreate
    from jupyter_dotscience.workspace.binding import Binding

    folder = Path.cwd()
    there = Binding.find(folder)
    if there is not None:
        raise Failure(f"{there.root} belongs to the project {printable(there.bound.name)} already.")
    with session.connect() as client:
        if project_ref is None:
            project = client.create_project(ProjectCreate(name=bound.folder_for(folder.name).name))
        else:
            project = refs.project(client, project_ref)
        bound.init(client, project, folder)
    click.echo(f"{printable(str(folder))} belongs to the project {printable(project.name)} ({project.id}).")


@click.command()
@click.option(
    "--keep",
    type=click.Choice(["mine", "theirs"]),
    help="In a conflict: whose version of the files stands. The other one stays in the history.",
)
def sync(keep: str | None) -> None:
    """Bring this folder's changes to its project, and the project's to this folder.

    For a folder of `ds clone` or `ds init`, while no JupyterLab is open in it.
    """
    from dotscience_cli import bound, session
    from dotscience_cli.guard import Failure
    from jupyter_dotscience.client import Client
    from jupyter_dotscience.workspace.binding import Binding

    binding = Binding.find(Path.cwd())
    if binding is None:
        raise Failure("This folder belongs to no project; bind it with `ds init PROJECT`, or `ds clone` one.")
    hub = binding.bound.url
    with Client(hub, bound.token(hub), retry_for=session.RETRY_FOR) as client:
        click.echo(bound.sync(binding, client, keep))
