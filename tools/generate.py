"""Make the files that follow from the contract: the OpenAPI document and the TypeScript types.

Without arguments it writes them; `--check` says which one lags behind and ends with status 1.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodejs import provide

ROOT = Path(__file__).resolve().parent.parent
OPENAPI = Path("docs/reference/openapi.json")
TYPES = Path("labextension/packages/api/src/schema.d.ts")
OPENAPI_TYPESCRIPT = ROOT / "labextension/node_modules/openapi-typescript/bin/cli.js"
SHOWN_LINES = 40


def openapi() -> str:
    """Return the OpenAPI 3.1 document of the contract as it is now."""
    command = [sys.executable, "-m", "jupyter_dotscience.api.openapi"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def typescript(document: str) -> str:
    """Return the TypeScript types for an OpenAPI document."""
    node = provide()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(document)
        command = [str(node.node), str(OPENAPI_TYPESCRIPT), str(source), "--output", str(target), "--immutable"]
        subprocess.run(command, cwd=folder, env=node.environment(), capture_output=True, text=True, check=True)
        return target.read_text()


def lag(path: Path, made: str) -> str:
    """Return the first lines of the difference between the file and what it should be, empty when equal."""
    target = ROOT / path
    found = target.read_text() if target.exists() else ""
    difference = difflib.unified_diff(found.splitlines(), made.splitlines(), str(path), "generated now", lineterm="")
    return "\n".join(list(difference)[:SHOWN_LINES])


def main(arguments: list[str]) -> None:
    """Write the files, or compare them."""
    document = openapi()
    made = {OPENAPI: document, TYPES: typescript(document)}
    if arguments != ["--check"]:
        for path, text in made.items():
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text)
        return
    behind = [text for path, content in made.items() if (text := lag(path, content))]
    if behind:
        raise SystemExit("\n".join([*behind, "Run `make generate` and commit what it writes."]))
    print(f"{len(made)} generated files are what the contract says.")


if __name__ == "__main__":
    main(sys.argv[1:])
