"""``ds runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotscience_cli.lazy import Group
from dotscience_cli.tables import listing_options

if TYPE_CHECKING:
    from jupyter_dotscience.api.runs import RunRow
    from jupyter_dotscience.client import Client


@click.group(cls=Group)
def runs() -> None:
    """Look at runs: what was tried, with which parameters and results."""


@runs.command("ls")
@click.option("--summary-type", metavar="SUMMARY", help="Only runs with this summary statistic, shown as SCORE.")
@click.argument("project_ref", metavar="PROJECT")
@listing_options
def ls(summary_type: str | None, project_ref: str, quiet: bool, output: str) -> None:
    """List the runs of a project, newest first.

    Without --summary-type, the summary statistic that most runs have is shown. `-q` prints the runs' ids.
    """
    from dotscience_cli import refs, session, tables
    from jupyter_dotscience.api.runs import RunQuery

    with session.connect() as client:
        project_id = refs.project(client, project_ref).id
        summary = summary_type or _most_used(client, project_id)

        def page(cursor: str | None) -> refs.Page:
            query = RunQuery(summary=summary, limit=1000, cursor=cursor)
            return client.list_runs(project=project_id, query=query)

        found: list[RunRow] = refs.pages(page)
    headings = ("RUN", "LABELS", "PARAMETERS", "TYPE", "SCORE", "AGE")
    tables.show(found, headings, lambda r: _row(r, summary), lambda r: r.id, quiet=quiet, output=output)


def _most_used(client: Client, project_id: str) -> str | None:
    """None where no run has any summary: then all runs are listed."""
    names = client.list_summaries(project=project_id).items
    return names[0].name if names else None


def _row(item: RunRow, summary: str | None) -> tuple[str, ...]:
    from dotscience_cli.age import age

    score = item.summary.get(summary, "") if summary is not None else ""
    return item.id, _pairs(item.labels), _pairs(item.parameters), summary or "", score, age(item.created)


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


@runs.command()
@click.option("-p", "--project", "project_ref", required=True, metavar="PROJECT", help="The run's project.")
@click.argument("run")
def inspect(project_ref: str, run: str) -> None:
    """Show all details of a run as JSON, in the run metadata format."""
    from dotscience_cli import refs, session, tables
    from dotscience_cli.runjson import document

    with session.connect() as client:
        project_id = refs.project(client, project_ref).id
        found = refs.run(client, project_id, run)
        tables.print_json([document(client.get_run(project=project_id, run=found.id))])
