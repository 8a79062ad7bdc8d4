"""``python -m benchmarks.report FILE``: put the figures of a run into docs/reference/performance.md.

What stands between the two marks there is replaced; the sentences around it are people's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .rows import Figure, short, text

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- figures: made by python -m benchmarks.report -->", "<!-- end of figures -->"
HEAD = "| what | ours | beside | ratio | target | met | how |\n|---|---|---|---|---|---|---|"


def main(source: Path) -> int:
    """Replace the figures.

    Args:
        source: What ``python -m benchmarks --json`` wrote.

    Returns:
        The exit status.
    """
    document = json.loads(source.read_bytes())
    if document["quick"]:
        sys.exit("These are the figures of a quick run, which are for trying only.")
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures(document)}\n\n{END}{after}")
    return 0


def figures(document: dict[str, Any]) -> str:
    """The machine, and a table for each benchmark."""
    machine = ", ".join(f"{name} {value}" for name, value in document["machine"].items())
    parts = [f"Measured on {document['time'][:10]}: {machine}."]
    for name in document["names"]:
        if (rows := document["rows"].get(name)) is None:
            continue
        load = document["load"][name]
        title = f"### {document['names'][name]}\n\n`{name}`; load of the machine before it: {load:.1f}"
        parts.append(f"{title}\n\n{HEAD}\n" + "\n".join(map(_line, rows)))
    return "\n\n".join(parts)


def _line(row: dict[str, Any]) -> str:
    ours = text(Figure(**row["ours"]), row["unit"]) if row["ours"] else "not measured"
    peer = f"{text(Figure(**row['peer']), row['unit'])}: {row['against']}" if row["peer"] else ""
    beyond = row["peer"] and row["peer"]["beyond"]
    ratio = f"{'< ' if beyond else ''}{short(row['ratio'])}" if row["ratio"] else ""
    met = {True: "yes", False: "**no**", None: ""}[row["met"]]
    what = row["what"].replace("  ", "… ", 1) if row["what"].startswith("  ") else row["what"]
    return f"| {what} | {ours} | {peer} | {ratio} | {row['target']} | {met} | {row['how']} |"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
