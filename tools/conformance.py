"""Make docs/reference/cli-conformance.md: the rows of the manual of `ds`, and the tests that hold each to it.

The tests are found by the names of their files (`tests/conformance/test_row_NN_TOPIC.py`), their sentences are their
docstrings. Without arguments the page is written; `--check` fails when it lags behind.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "conformance"
TARGET = ROOT / "docs" / "reference" / "cli-conformance.md"
_FILE = re.compile(r"test_row_(\d\d)_\w+\.py")
MISSING = "not built yet"
ROWS = {
    1: "`ds login USERNAME`",
    2: "variables that stand in for settings and login",
    3: "`ds set server-url URL`",
    4: "`ds run -p PROJECT [OPTIONS] COMMAND...`",
    5: "the output of a job, its metadata, its exit status",
    6: "Ctrl-C and SIGTERM",
    7: "waiting for a runner; jobs that cannot run",
    8: "`ds run` without `-I`",
    9: "`ds run -u DIRECTORY`",
    10: "`.dotscience-ignore`",
    11: "`ds run -e NAME[=VALUE]`",
    12: "`ds run -R REPO -b REF`",
    13: "`ds run -r NAME[=VALUE]`",
    14: "`ds run -d`",
    15: "`ds task ls`",
    16: "`ds task inspect ID`",
    17: "`ds task stop ID`",
    18: "`ds task rm ID`",
    19: "`ds logs [-v] [-f] ID`",
    20: "`ds project ls [-q]`",
    21: "`ds project create [NAME]`",
    22: "`ds project inspect PROJECT`, `ds project rm PROJECT`",
    23: "`ds project link PROJECT DATASET PATH`, `ds project unlink PROJECT DATASET`",
    24: "`ds file ls [-q] PROJECT`, `ds file get`, `ds file put`",
    25: "`ds dataset ls [-q]`",
    26: "`ds dataset create s3`",
    27: "`ds dataset inspect DATASET`, `ds dataset rm DATASET`",
    28: "`ds runs ls [--summary-type=SUMMARY] PROJECT`",
    29: "`ds runs inspect --project PROJECT RUN`",
    30: "`ds runner ls [-q]`",
    31: "`ds runner inspect RUNNER`",
    32: "`ds runner create`",
    33: "`ds runner rm RUNNER`",
    34: "`ds secret ls [-q]`, `inspect`, `generate`, `rm`",
    35: "`ds help [COMMAND]`, `ds COMMAND --help`, `ds version`",
    36: "every command: forms of output, errors, names, completion",
}
"""What a row is about."""
_HEAD = """# What `ds` must do, and the tests of it

Made by `python tools/conformance.py` from the files in `tests/conformance`. Each test runs the real program against a
real hub with a runner, on a pseudo-terminal where it asks or draws. `ds` itself is described in [cli.md](cli.md).

They run on SQLite and a runner that starts processes; `test_main_path.py` among them goes the main path on PostgreSQL,
and on containers. `DOTSCIENCE_CONFORMANCE_DATABASE=postgresql` and `DOTSCIENCE_CONFORMANCE_BACKEND=docker` let all of
them run so.

| row | what | tests |
|---|---|---|
"""


@dataclass(frozen=True)
class Sentence:
    """One test: its name and what its docstring begins with."""

    name: str
    text: str


def sentences(file: Path) -> Iterator[Sentence]:
    """The tests of a file.

    Raises:
        SystemExit: one has no docstring.
    """
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = ast.get_docstring(node)
            if not text:
                raise SystemExit(f"{file.relative_to(ROOT)}: {node.name} has no docstring.")
            yield Sentence(node.name.removeprefix("test_").replace("_", " "), " ".join(text.split()))


def found() -> dict[int, list[Path]]:
    """The files of each row.

    Raises:
        SystemExit: a file names a row that there is not.
    """
    files: dict[int, list[Path]] = {row: [] for row in ROWS}
    for file in sorted(TESTS.glob("test_row_*.py")):
        match = _FILE.fullmatch(file.name)
        if not match or int(match[1]) not in ROWS:
            raise SystemExit(
                f"{file.relative_to(ROOT)}: its name must be test_row_NN_TOPIC.py with a row of the manual."
            )
        files[int(match[1])].append(file)
    return files


def document() -> str:
    """The page."""
    files = found()
    lines = [f"| {row} | {what} | {_links(files[row])} |\n" for row, what in ROWS.items()]
    built = sum(1 for row in ROWS if files[row])
    return "".join(
        [_HEAD, *lines, f"\n{built} of {len(ROWS)} rows have tests.\n", *map(_section, ROWS, files.values())]
    )


def _links(files: list[Path]) -> str:
    return (
        ", ".join(f"[{file.stem.removeprefix('test_')}](#row-{file.stem[9:11].lstrip('0')})" for file in files)
        or MISSING
    )


def _section(row: int, files: list[Path]) -> str:
    if not files:
        return ""
    tests = [f"- {_escaped(one.name)}: {_escaped(one.text)}\n" for file in files for one in sentences(file)]
    return f"\n## Row {row}\n\n{ROWS[row]}\n\n{''.join(tests)}"


def _escaped(text: str) -> str:
    """For Markdown outside of code: what stands between backticks stays as it is."""
    parts = text.split("`")
    return "`".join(part if index % 2 else re.sub(r"([*_<>|\[\]])", r"\\\1", part) for index, part in enumerate(parts))


def main(arguments: list[str]) -> int:
    """Write the page, or say that it lags behind."""
    if arguments != ["--check"]:
        TARGET.write_text(document())
        return 0
    if TARGET.exists() and TARGET.read_text() == document():
        return 0
    print(f"{TARGET.relative_to(ROOT)} is not what the tests say; run `python tools/conformance.py`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
