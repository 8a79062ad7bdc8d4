"""The glob language of ignore files: checked strictly here, turned into regular expressions by wcmatch.

wcmatch takes an unclosed ``[`` or ``{`` for itself, so that a typing error would silently match nothing; here it is an
error. Its expressions have atomic groups, so that matching takes linear time whatever the pattern (wcmatch 12).
"""

from __future__ import annotations

from wcmatch import fnmatch

_FLAGS = fnmatch.BRACE | fnmatch.CASE | fnmatch.DOTMATCH | fnmatch.FORCEUNIX
_MAX_ALTERNATIVES = 1000
_MAX_LENGTH = 4096


class BadPattern(ValueError):
    """A pattern that cannot be meant; the text says what is wrong."""


def expressions(pattern: str) -> list[str]:
    r"""Regular expressions of which one matches a whole name exactly when ``pattern`` does.

    Raises:
        BadPattern: unclosed ``[`` or ``{``, an empty or reversed set, ``\`` at the end, too many alternatives.
    """
    if len(pattern) > _MAX_LENGTH:
        raise BadPattern(f"the pattern is longer than {_MAX_LENGTH} characters")
    return list(fnmatch.translate(_Checker(pattern).run(), flags=_FLAGS, limit=0)[0])


class _Checker:
    """Reads one pattern and writes it again in the form that wcmatch takes just as the manual says.

    The two differ in ``{A}`` (for the manual one alternative, for a shell three characters), in ``{1..9}`` (a
    shell's range) and in braces inside ``[...]``.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def run(self) -> str:
        """The pattern in wcmatch's terms."""
        text, _ = self._sequence(inside=False)
        return text

    def _sequence(self, *, inside: bool) -> tuple[str, int]:
        """Read up to the end, or inside braces up to ``,`` or ``}``; also count what the braces multiply to."""
        out, count = [], 1
        while (char := self._peek()) and not (inside and char in ",}"):
            if char == "\\":
                out.append(self._escape())
            elif char == "[":
                out.append(self._set())
            elif char == "{":
                text, alternatives = self._braces()
                out.append(text)
                count *= alternatives
                self._limit(count)
            else:
                # A lone "," or "}" outside braces means itself; bracex must not see it.
                out.append("\\" + char if char in ",}" else char)
                self.at += 1
        return "".join(out), count

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _limit(self, count: int) -> None:
        if count > _MAX_ALTERNATIVES:
            raise BadPattern(f"the braces give more than {_MAX_ALTERNATIVES} alternatives")

    def _escape(self) -> str:
        if self.at + 1 >= len(self.pattern):
            raise BadPattern("there is nothing after the last \\")
        self.at += 2
        return self.pattern[self.at - 2 : self.at]

    def _braces(self) -> tuple[str, int]:
        parts, count = [], 0
        self.at += 1
        while True:
            text, alternatives = self._sequence(inside=True)
            parts.append(text)
            count += alternatives
            self._limit(count)
            end = self._peek()
            if not end:
                raise BadPattern("a { is not closed; write \\{ for the character itself")
            self.at += 1
            if end == "}":
                return (parts[0] if len(parts) == 1 else "{" + ",".join(parts) + "}"), count

    def _set(self) -> str:
        out = ["["]
        self.at += 1
        if self._peek() in ("!", "^"):
            out.append("!")
            self.at += 1
        self._members(out)
        out.append("]")
        return "".join(out)

    def _members(self, out: list[str]) -> None:
        """The members of a set, each written so that neither wcmatch nor its braces can take it for anything else."""
        first = True
        while first or self._peek() != "]":
            low = self._member()
            out.append(low)
            if self._peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if high[-1] < low[-1]:
                    raise BadPattern(f"the range {low[-1]}-{high[-1]} runs backwards")
                out.append("-" + high)
            first = False
        self.at += 1

    def _member(self) -> str:
        char = self._peek()
        if not char:
            raise BadPattern("a [ is not closed; write \\[ for the character itself")
        if char == "\\":
            char = self._escape()[1]
        else:
            self.at += 1
        return char if char.isalnum() else "\\" + char
