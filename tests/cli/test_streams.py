"""Log entries on a terminal."""

from __future__ import annotations

from dotscience_cli.streams import headed

from jupyter_dotscience.api.logs import LogEntry, LogStream


def test_a_file_name_reaches_no_terminal() -> None:
    """What the infrastructure says of a job's files is made harmless; a job's own output is as it was (B1, F13)."""
    text = b"Not saved: a\x1b]0;title\x07b: it is a socket.\n"
    assert b"\x1b" not in headed(LogEntry(0, LogStream.COMMITTER, 0, text))
    assert headed(LogEntry(0, LogStream.COMMITTER, 0, text)).endswith(b"b: it is a socket.\n")
    assert headed(LogEntry(0, LogStream.STDERR, 0, text)).endswith(text)
