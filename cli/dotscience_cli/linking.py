"""Linking datasets to projects: ``ds project link`` and ``ds dataset link`` are the same."""

from __future__ import annotations

import click


@click.command()
@click.argument("project_ref", metavar="PROJECT")
@click.argument("dataset_ref", metavar="DATASET")
@click.argument("path")
def link(project_ref: str, dataset_ref: str, path: str) -> None:
    """Link a dataset to a project: its tasks see it, read-only, at ./PATH.

    PATH is below the workspace; nothing may be there yet. A dataset that is linked already moves to PATH. Tasks that
    are queued or running keep what they have.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable
    from jupyter_dotscience.api.datasets import LinkCreate

    with session.connect() as client:
        project, dataset = refs.project(client, project_ref), refs.dataset(client, dataset_ref)
        linked = client.link_dataset(LinkCreate(path=_path(path)), project=project.id, dataset=dataset.id)
    at = next((one.path for one in linked.datasets if one.dataset == dataset.id), path)
    click.echo(
        f"Tasks of project {printable(project.name)} see dataset {printable(dataset.name)} at ./{printable(at)}."
    )


def _path(typed: str) -> str:
    """The path as it travels: what stands for the same place is written in one way; ``..`` is for the hub to refuse."""
    if typed.startswith("/"):
        raise click.UsageError(f"PATH is a path below the workspace: {typed!r} begins with a slash.")
    path = "/".join(part for part in typed.split("/") if part not in ("", "."))
    if not path:
        raise click.UsageError("PATH is empty; a dataset is linked at a folder of its own, such as data.")
    return path


@click.command()
@click.argument("project_ref", metavar="PROJECT")
@click.argument("dataset_ref", metavar="DATASET")
def unlink(project_ref: str, dataset_ref: str) -> None:
    """Unlink a dataset from a project: tasks that are queued from now on do not see it."""
    from dotscience_cli import refs, session
    from dotscience_cli.text import printable

    with session.connect() as client:
        project, dataset = refs.project(client, project_ref), refs.dataset(client, dataset_ref)
        client.unlink_dataset(project=project.id, dataset=dataset.id)
    click.echo(f"Dataset {printable(dataset.name)} is not linked to project {printable(project.name)} any more.")
