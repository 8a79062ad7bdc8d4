"""Output cut into entries of the log."""

from __future__ import annotations

from jupyter_dotscience.api.logs import MAX_ENTRY


def cut(data: bytes) -> list[bytes]:
    """Pieces of ``data`` of at most one line and at most ``MAX_ENTRY`` bytes each; joined, they are ``data``.

    Only a newline ends a line: a carriage return is how progress bars go back, within one line.
    """
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    if len(data) <= MAX_ENTRY or max(map(len, lines)) <= MAX_ENTRY:
        return lines
    return [line[at : at + MAX_ENTRY] for line in lines for at in range(0, len(line), MAX_ENTRY)]
