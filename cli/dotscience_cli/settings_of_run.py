"""``NAME=VALUE`` and sizes, as they are typed on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jupyter_dotscience.api.tasks import Repository

_ENVIRONMENT_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
_LABEL_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-/]*$")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([bkmgt]?)(i?b)?$", re.IGNORECASE)
_WORD = re.compile(r"[^\x00-\x20\x7f]+")
_PASSWORD = re.compile(r"https?://[^/]*@", re.IGNORECASE)
_UNITS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
MAX_URL, MAX_REF = 4000, 1000
MIN_MEMORY = 6 * 1024 * 1024
"""Bytes; Docker starts no container with less."""


def environment(items: Iterable[str]) -> dict[str, str]:
    """The environment that ``-e NAME`` and ``-e NAME=VALUE`` ask for; a later one replaces an earlier one.

    Raises:
        click.UsageError: a bad name, or a variable to pass through that is not set here.
    """
    return dict(
        _setting(item, "-e", _ENVIRONMENT_NAME, "letters, digits, '_' and '.', no digit first") for item in items
    )


def labels(items: Iterable[str]) -> dict[str, str]:
    """The labels that ``-r NAME`` and ``-r NAME=VALUE`` ask for.

    Raises:
        click.UsageError: as for :func:`environment`.
    """
    return dict(
        _setting(item, "a label", _LABEL_NAME, "letters, digits, '_', '.', '-' and '/', no mark first")
        for item in items
    )


def _setting(item: str, option: str, pattern: re.Pattern[str], allowed: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not pattern.match(name):
        raise click.UsageError(f"{option}: {name!r} is not a name: names have {allowed}.")
    if not equals:
        if name not in os.environ:
            raise click.UsageError(f"{option}: {name} is not set here; set it, or write {name}=VALUE.")
        value = os.environ[name]
    return name, utf8(value, f"The value of {name}")


def utf8(text: str, what: str) -> str:
    """``text`` itself, when it can travel.

    Raises:
        click.UsageError: it has bytes that are not UTF-8, or a NUL.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"{what} is not UTF-8.") from None
    if "\0" in text:
        raise click.UsageError(f"{what} holds a NUL byte.")
    return text


def memory(text: str | None) -> int | None:
    """Bytes for ``512m``, ``8g``, ``1.5GiB``; units are powers of 1024, as Docker's are.

    Raises:
        click.UsageError: no size, or less than 6 MiB.
    """
    if text is None:
        return None
    match = _SIZE.match(text.strip())
    if not match:
        raise click.UsageError(f"--memory: {text!r} is no size; write for example 512m or 8g.")
    size = int(float(match[1]) * 1024 ** _UNITS[match[2].lower()])
    if size < MIN_MEMORY:
        raise click.UsageError("--memory: a task needs 6m at least.")
    return size


def repository(url: str | None, ref: str | None) -> Repository | None:
    """What ``-R`` and ``-b`` ask for; a password in the URL gets a warning, for tasks show what they were asked.

    Raises:
        click.UsageError: a ref without a repository, or words that cannot be a URL or a ref.
    """
    from dotscience_cli.guard import say
    from jupyter_dotscience.api.tasks import Repository

    if url is None:
        if ref is not None:
            raise click.UsageError("-b: name the repository too, with -R REPO.")
        return None
    if not _WORD.fullmatch(utf8(url, "-R")) or url.startswith("-") or len(url) > MAX_URL:
        raise click.UsageError(f"-R: {url[:200]!r} is no URL of a git repository, such as https://example.org/fit.git.")
    if ref is not None and (not _WORD.fullmatch(utf8(ref, "-b")) or len(ref) > MAX_REF):
        raise click.UsageError(f"-b: {ref[:200]!r} is no branch, tag or commit.")
    if _PASSWORD.match(url):
        say("Warning: whoever sees the task sees the password in its URL; `ds secret generate` makes keys for ssh.")
    return Repository(url=url, ref=ref)
