"""Which path an object of a bucket gets; ``docs/reference/datasets.md`` has it for people.

A key is any text of up to 1024 bytes, a path is not: it has no empty parts, no ``..``, and a file is no folder. What
cannot stand as it is gets escaped with ``%``, and so does what looks as if it had been: no two keys get one path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from jupyter_dotscience.api import paths

MAX_DEPTH = 200
"""Folders within folders; git trees have at most 256, and a workspace puts some of its own before."""
_KEPT_BYTES = 160
"""Bytes of a name that stay readable when the whole is too long."""
_LONG = re.compile(r"%~(?:[0-9a-f]{64})?$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%(25|2E|[01][0-9A-F]|7F)|%")
_BESIDE = "%~"
"""What ends the name of a file that stands beside a folder of the same name."""


def is_marker(key: str, size: int) -> bool:
    """Whether an object only says that there is a folder, as web consoles make them."""
    return size == 0 and (key.endswith("/") or not key)


def paths_of(keys: Iterable[str], prefix: str) -> dict[str, str]:
    """The path of each key, in wire form.

    Args:
        keys: All keys that become files, each beginning with `prefix`.
        prefix: What is left off.
    """
    found = {key: path_of(key[len(prefix) :]) for key in keys}
    folders = _folders(found.values())
    return {key: _beside(path) if path in folders else path for key, path in found.items()}


def path_of(key: str) -> str:
    """The path of a key, as long as no other key makes a folder of it. In wire form."""
    parts = [_stored(part) for part in key.split("/")]
    path = b"/".join(parts)
    if len(path) > paths.MAX_PATH - len(_BESIDE) or len(parts) > MAX_DEPTH:
        return _BESIDE + _digest(key)
    return paths.to_text(path)


def _stored(part: str) -> bytes:
    """A part as it stands in a git tree; :func:`paths.escape_git` has it on disk under its own name."""
    name = paths.escape_git((_escaped(part) if _needs_escape(part) else part).encode())
    if len(name) > paths.MAX_COMPONENT:
        return paths.escape_git(_shortened(part).encode())
    return name


def _needs_escape(part: str) -> bool:
    """Whether it cannot be a name, or is what :func:`_escaped` makes of one that cannot, or of that, and so on."""
    name: str | None = part
    while name is not None:
        if name in ("", ".", "..") or _CONTROL.search(name) or _LONG.search(name):
            return True
        name = _unescaped(name)
    return False


def _escaped(part: str) -> str:
    """Every `%`, control character and lone dot as `%XX`; of nothing at all one `%`."""
    if not part:
        return "%"
    text = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", part.replace("%", "%25"))
    return text.replace(".", "%2E") if part in (".", "..") else text


def _unescaped(part: str) -> str | None:
    """The name that :func:`_escaped` makes `part` of; None if there is none."""
    if "%" not in part:
        return None
    name = "" if part == "%" else _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "%", part)
    return name if _escaped(name) == part else None


def _shortened(part: str) -> str:
    """The readable beginning of a name, and a digest in place of the rest. No name that was not shortened ends so."""
    text = _escaped(part) if _needs_escape(part) else part
    return text.encode()[:_KEPT_BYTES].decode(errors="ignore") + _BESIDE + _digest(part)


def _beside(path: str) -> str:
    """The path of a file whose own is that of a folder."""
    folder, _, name = path.rpartition("/")
    named = name + _BESIDE
    if len(paths.to_bytes(named)) > paths.MAX_COMPONENT:
        named = _shortened(name)
    return f"{folder}/{named}" if folder else named


def _folders(found: Iterable[str]) -> set[str]:
    folders: set[str] = set()
    for path in found:
        end = path.rfind("/")
        while end > 0 and path[:end] not in folders:
            folders.add(path[:end])
            end = path.rfind("/", 0, end)
    return folders


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
