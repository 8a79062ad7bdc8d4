"""``ds logs``."""

from __future__ import annotations

import click


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Every entry, with time and type before it.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the task ends.")
@click.argument("task_id", metavar="ID")
def logs(verbose: bool, follow: bool, task_id: str) -> None:
    """Print the stored log of a task.

    Lines that the job wrote to its standard error begin with `ERROR: `. With -v, each entry is a line of its timestamp,
    its type (none for the job's standard output), a colon, and what was written.
    """
    from dotscience_cli import refs, session
    from dotscience_cli.follow import Connection
    from dotscience_cli.streams import PlainPrinter, Printer, VerbosePrinter
    from jupyter_dotscience.client import follow_logs

    printer: Printer = VerbosePrinter() if verbose else PlainPrinter()
    with session.connect() as client:
        found = refs.task(client, task_id)
        patience = None if follow else session.RETRY_FOR
        entries = follow_logs(
            client, found.id, follow=follow, all=verbose, give_up_after=patience, on_trouble=Connection().tell
        )
        for entry in entries:
            printer.write(entry)
