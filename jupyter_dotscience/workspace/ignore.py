r"""The language of ``.dotscience-ignore``.

One pattern a line; blank lines and lines that start with ``#`` are skipped. ``*`` stands for any characters, ``?`` for
one, ``{A,B}`` for alternatives, ``[a-z\-_]`` and ``[!a-z]`` for sets, ``\X`` for X itself. What matches is left out, in
the file's folder and those below; a line ``-PATTERN`` cancels what lines before it said. Lines of deeper files come
after those of shallower ones, and the last line that matches decides. Before all lines stands ``.*``: hidden files are
left out.

A pattern without ``/`` is tried on names, one with ``/`` on the path relative to the file's folder (there ``*`` matches
``/`` as well). With ``/`` at its end it means folders only, with ``/`` at its start this folder only.

A folder that is left out is not looked into: ``-data/keep.csv`` brings nothing back as long as ``data`` is left out.
Write ``data/*`` and ``-data/keep.csv`` instead. The ignore files are hidden files themselves, and read all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import IgnoreError
from .globs import BadPattern, expressions

FILE_NAME: Final = ".dotscience-ignore"
MAX_FILE: Final = 1 << 20
"""Bytes an ignore file may have."""


@dataclass(frozen=True)
class _Rule:
    """Neighbouring lines that say the same about the same, as one expression."""

    regex: re.Pattern[str]
    ignored: bool
    by_name: bool
    folders_only: bool

    def matches(self, name: str, path: str, *, folder: bool) -> bool:
        if self.folders_only and not folder:
            return False
        return self.regex.fullmatch(name if self.by_name else path) is not None


@dataclass(frozen=True)
class _Level:
    """The rules of one ignore file, and the length of the path of its folder with the slash."""

    start: int
    rules: tuple[_Rule, ...]


@dataclass(frozen=True)
class Ignore:
    """The rules in force in one folder. Immutable: each folder with an ignore file makes a new one by :meth:`enter`."""

    levels: tuple[_Level, ...] = ()

    @classmethod
    def hidden_files(cls) -> Ignore:
        """The rules before any file was read: names that start with ``.`` are left out."""
        return cls().enter(b"", b".*\n", "built-in rules")

    def enter(self, folder: bytes, data: bytes, source: str) -> Ignore:
        """The rules in ``folder``, whose ignore file holds ``data``.

        Args:
            folder: Path on disk relative to the top, without a slash at the end; empty for the top.
            data: The file's content.
            source: The file's name for error messages.

        Raises:
            IgnoreError: for a bad pattern, naming file and line.
        """
        start = len(_text(folder)) + 1 if folder else 0
        return Ignore((*self.levels, _Level(start, _parse(data, source))))

    def ignores(self, path: bytes, *, folder: bool) -> bool:
        """Whether the file or folder ``path`` (on disk, relative to the top) is left out."""
        text = _text(path)
        name = text[text.rfind("/") + 1 :]
        for level in reversed(self.levels):
            relative = text[level.start :]
            for rule in reversed(level.rules):
                if rule.matches(name, relative, folder=folder):
                    return rule.ignored
        return False


def _text(path: bytes) -> str:
    # Not os.fsdecode: rules must not depend on the locale. Bytes that are no UTF-8 become one character each.
    return path.decode(errors="surrogateescape")


@dataclass(frozen=True)
class _Line:
    pattern: str
    ignored: bool
    by_name: bool
    folders_only: bool

    @property
    def group(self) -> tuple[bool, bool, bool]:
        return self.ignored, self.by_name, self.folders_only


def _parse(data: bytes, source: str) -> tuple[_Rule, ...]:
    if len(data) > MAX_FILE or b"\0" in data:
        raise IgnoreError(f"{source}: this is no text file of patterns, or one of over 1 MiB.")
    groups: list[tuple[_Line, list[str]]] = []
    for number, raw in enumerate(data.decode("utf-8-sig", "surrogateescape").split("\n"), 1):
        line = _strip(raw)
        if not line or line.startswith("#"):
            continue
        try:
            parsed = _line(line)
            found = expressions(parsed.pattern)
        except BadPattern as error:
            raise IgnoreError(f"{source}:{number}: bad pattern {line!r}: {error}.") from None
        if groups and groups[-1][0].group == parsed.group:
            groups[-1][1].extend(found)
        else:
            groups.append((parsed, found))
    return tuple(
        _Rule(re.compile("|".join(found)), line.ignored, line.by_name, line.folders_only) for line, found in groups
    )


def _strip(line: str) -> str:
    """Without white space at the end (a CR, most often), unless it is escaped."""
    stripped = line.rstrip()
    if (len(stripped) - len(stripped.rstrip("\\"))) % 2:
        return line[: len(stripped) + 1]
    return stripped


def _line(line: str) -> _Line:
    ignored = not line.startswith("-")
    pattern = line if ignored else line[1:]
    here = pattern.startswith(("/", "./"))
    pattern = pattern.removeprefix("./").removeprefix("/")
    folders_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    by_name = not here and "/" not in pattern
    if not pattern:
        raise BadPattern("nothing is left of it that could match")
    return _Line(pattern, ignored, by_name, folders_only)
