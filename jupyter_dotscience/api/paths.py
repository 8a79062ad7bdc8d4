"""Paths of workspace files on the wire, and what a path may be.

A path is bytes on disk and in git. On the wire it is text: valid UTF-8 stays as it is, and each byte of an invalid
sequence becomes one character of the private range U+EF80..U+EFFF (U+EF00 + byte), the mapping of MirBSD's OPTU-8.
Characters of that range that really occur in a name are mapped byte by byte too, so bytes -> text -> bytes is exact
for every name.
"""

from __future__ import annotations

from .problems import BadRequest

MAX_COMPONENT = 255
MAX_PATH = 4095
_LOW, _HIGH, _SHIFT = 0xEF80, 0xEFFF, 0xEF00
# What git refuses in trees on some file system (fsck: hasDot, hasDotdot, hasDotgit); `.git` itself travels escaped.
_FORBIDDEN = {b"", b".", b".."}
_ZERO_WIDTH = "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"


def to_text(path: bytes) -> str:
    """The wire form of a path. Never fails."""
    if path.isascii():  # nearly all of 100,000
        return path.decode()
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = path.decode(errors="surrogateescape")
    if not any(_LOW <= ord(c) <= _HIGH or 0xDC80 <= ord(c) <= 0xDCFF for c in text):
        return text
    return "".join(_escape(c) for c in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return chr(_SHIFT + code - 0xDC00)
    if _LOW <= code <= _HIGH:
        return "".join(chr(_SHIFT + byte) for byte in char.encode())
    return char


def to_bytes(text: str) -> bytes:
    """The path whose wire form is ``text``.

    Raises:
        BadRequest: ``text`` holds a lone surrogate, which no UTF-8 text can.
    """
    if text.isascii():
        return text.encode()
    try:
        if any(_LOW <= ord(c) <= _HIGH for c in text):
            return b"".join(bytes([ord(c) - _SHIFT]) if _LOW <= ord(c) <= _HIGH else c.encode() for c in text)
        return text.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"The path {text!a} is not valid Unicode.", code="bad_path") from None


def check(path: bytes) -> bytes:
    """``path`` itself when it may stand in a workspace's tree.

    Refused: empty, absolute, longer than 4095 bytes, a NUL, a part that is empty, ``.``, ``..``, longer than 255 bytes,
    or that some file system takes for ``.git`` (any case, trailing dots or spaces, HFS+'s ignored characters, and
    NTFS's ``git~1``; git-fsck(1) names these).

    Raises:
        BadRequest: with the reason.
    """
    if len(path) > MAX_PATH or b"\0" in path:
        raise BadRequest(f"The path {to_text(path[:80])!r} is too long or holds a NUL byte.", code="bad_path")
    for part in path.split(b"/"):
        if part in _FORBIDDEN:
            raise BadRequest(f"The path {to_text(path)!r} has an empty, '.' or '..' part.", code="bad_path")
        if len(part) > MAX_COMPONENT:
            raise BadRequest(f"The path {to_text(path)[:80]!r}... has a part of over 255 bytes.", code="bad_path")
        if is_dot_git(part):
            raise BadRequest(f"The path {to_text(path)!r} has a part that stands for '.git'.", code="bad_path")
    return path


def is_dot_git(part: bytes) -> bool:
    """Whether some file system takes this path component for ``.git``."""
    lowered = part.lower()
    if not (lowered.startswith((b".", b"git~", b"\xe2", b"\xef"))):
        return False
    text = lowered.decode(errors="replace").translate({ord(c): None for c in _ZERO_WIDTH})
    text = text.split(":", 1)[0].rstrip(". ")
    return text in (".git", "git~1")


def escape_git(part: bytes) -> bytes:
    """A path component as it is stored: a nested repository's ``.git`` becomes ``%2Egit``.

    Git refuses trees with a ``.git`` entry; ``ds run -R`` clones repositories into the workspace all the same. A name
    that looks like an escaped one is escaped itself (``%2Egit`` becomes ``%252Egit``); all others, ``%20`` among them,
    stay as they are, so that what people push with git keeps its names.
    """
    return _escaped(part) if _needs_escape(part) else part


def unescape_git(part: bytes) -> bytes:
    """The inverse of :func:`escape_git`; a component that it cannot have made is returned as it is."""
    name = _unescaped(part)
    return name if name is not None and _needs_escape(name) else part


def _needs_escape(part: bytes) -> bool:
    """Whether it stands for ``.git``, or is the escaped form of a name that does, or of that, and so on."""
    name: bytes | None = part
    while name is not None:
        if is_dot_git(name):
            return True
        name = _unescaped(name)
    return False


def _escaped(part: bytes) -> bytes:
    return b"%%%02X" % part[0] + part[1:]


def _unescaped(part: bytes) -> bytes | None:
    """The name that :func:`_escaped` makes ``part`` of; None if there is none."""
    if part[:1] != b"%" or len(part) < 3:
        return None
    try:
        name = bytes([int(part[1:3], 16)]) + part[3:]
    except ValueError:
        return None
    return name if _escaped(name) == part else None
