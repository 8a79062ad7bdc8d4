"""What is to be read on a terminal after a program has written to it: a small part of ECMA-48."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r|\n)|([^\x1b\r\n]+)")


class Screen:
    """Lines without end in both directions.

    Args:
        seen: Bytes that a terminal got. A sequence that is not known here is an error.
    """

    def __init__(self, seen: bytes) -> None:
        self._lines: list[list[str]] = [[]]
        self._row = self._column = 0
        self.longest = 0
        """The most columns that a line ever took."""
        text, end = seen.decode(), 0
        for token in _TOKEN.finditer(text):
            assert token.start() == end, ascii(text[end : token.start() + 5])
            end = token.end()
            if token[4]:
                self._write(token[4])
            elif token[3]:
                self._move(token[3])
            else:
                self._control(token[1], token[2])
        assert end == len(text), ascii(text[end:])

    @property
    def lines(self) -> list[str]:
        """What is there now, without blanks at the ends and empty lines at the bottom."""
        return "\n".join("".join(line).rstrip() for line in self._lines).rstrip("\n").split("\n")

    def _write(self, text: str) -> None:
        line = self._lines[self._row]
        line += [" "] * (self._column - len(line))
        line[self._column : self._column + len(text)] = text
        self._column += len(text)
        self.longest = max(self.longest, self._column)

    def _move(self, char: str) -> None:
        self._column = 0 if char == "\r" else self._column
        if char == "\n":
            self._row += 1
            self._lines += [[]] * (self._row == len(self._lines))

    def _control(self, parameter: str, final: str) -> None:
        if final == "A":
            self._row -= int(parameter or 1)
            assert self._row >= 0, "above what was written"
        elif final == "K":
            assert parameter == "2"
            self._lines[self._row] = []
        else:
            assert final == "m", f"{parameter}{final}"
