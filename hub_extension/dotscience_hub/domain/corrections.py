"""Files that changed and that no run claims: they become a run of their own, so that nothing changes unseen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from jupyter_dotscience.api.runs import Authority, RunReport

DESCRIPTION = "These files changed, but no run named them: wrap their names in `ds.output()` where they are written."


def unclaimed(outputs: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Changed paths that no output names, in order.

    Args:
        outputs: What runs say they wrote: files, or folders with all that is in them.
        changed: Paths that were added or changed.
    """
    claimed = {_plain(output) for output in outputs}
    if "" in claimed:
        return []
    return sorted(path for path in set(changed) if not any(part in claimed for part in _parts(path)))


def _plain(path: str) -> str:
    """A path as the workspace names it; the workspace itself is the empty one."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _parts(path: str) -> Iterable[str]:
    """The path and all folders above it."""
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def with_correction(task: str, runs: Sequence[RunReport], changed: Iterable[str]) -> list[RunReport]:
    """The runs, and one of authority `correction` where they leave changed files unclaimed.

    Its id depends on the task and the files only, so that a repeated request means the same run.
    """
    named = [output for run in runs for output in run.outputs]
    # A notebook changes by being run: it is the run's code, not a result that somebody forgot to name.
    named += [run.workload_file for run in runs if run.workload_file]
    paths = unclaimed(named, changed)
    if not paths:
        return list(runs)
    id_ = str(uuid.uuid5(uuid.UUID(task), "\n".join(["correction", *(run.id for run in runs), *paths])))
    return [*runs, RunReport(id=id_, authority=Authority.CORRECTION, description=DESCRIPTION, outputs=paths)]
