"""Text from elsewhere, made fit for a terminal."""

from __future__ import annotations

import re

# C0 and C1 controls, DEL, zero-width and bidirectional controls, line and paragraph separators, lone surrogates, tags.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]")


def printable(text: str) -> str:
    """``text`` on one line, with characters that could move the cursor or change what is seen as escapes.

    Names come from other people: an escape sequence in a project's name must not reach the terminal.
    """
    return _HARMFUL.sub(_escape, text)


def printable_json(text: str) -> str:
    """The same for a JSON document, whose own line ends stay and whose value stays the same."""
    return _HARMFUL.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def printable_path(path: str) -> str:
    r"""A workspace path from the wire for people: bytes that are no UTF-8 as ``\xNN``."""
    from jupyter_dotscience.api.paths import to_bytes

    return printable(to_bytes(path).decode(errors="backslashreplace"))


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    simple = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return simple.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}")
