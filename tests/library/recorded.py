"""Reading back what the library wrote, as a runner does, without any code of the library."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

from dotscience import Dotscience

MARKER = re.compile(r"\[\[DOTSCIENCE-RUN:([^\]\s]+)\]\](.*?)\[\[/DOTSCIENCE-RUN:\1\]\]", re.DOTALL)
_TIME = re.compile(r"\d{8}T\d{6}\.\d{6}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def markers(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Id and content of each marker."""
    return [(match[1], json.loads(match[2])) for match in MARKER.finditer(text)]


def published(ds: Dotscience, **more: Any) -> dict[str, Any]:
    """Publish the run and return the content of its marker."""
    stream = io.StringIO()
    ds.publish(stream=stream, **more)
    [(_, content)] = markers(stream.getvalue())
    return content


def anonymous(text: str) -> str:
    """The text with each id and time replaced by what it is, so that two runs can be compared."""
    return _UUID.sub("ID", _TIME.sub("TIME", text))


def points(file: Path) -> tuple[dict[str, Any], list[list[Any]]]:
    """Header and rows of a points file, every line of which must be whole."""
    text = file.read_text("ascii")
    assert text.endswith("\n")
    header, *rows = [json.loads(line) for line in text.splitlines()]
    return header, rows
