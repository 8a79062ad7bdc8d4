"""The language of ignore files, as the manual has it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.workspace import Ignore, IgnoreError


def rules(*files: tuple[bytes, bytes]) -> Ignore:
    ignore = Ignore.hidden_files()
    for folder, data in files:
        ignore = ignore.enter(folder, data, (folder + b"/.dotscience-ignore").decode())
    return ignore


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        (b"*.csv", b"data.csv", True),
        (b"*.csv", b"deep/in/data.csv", True),
        (b"*.csv", b"data.csv.gz", False),
        (b"data?", b"data1", True),
        (b"data?", b"data", False),
        (b"{A,B}x", b"Bx", True),
        (b"{A,B}x", b"Cx", False),
        (b"{a,b{c,d}}", b"bd", True),
        (b"{abc}", b"abc", True),
        (b"{,x}y", b"y", True),
        (b"{1..3}", b"2", False),
        (rb"\*", b"*", True),
        (rb"\*", b"x", False),
        (rb"\{a,b\}", b"{a,b}", True),
        (rb"\#x", b"#x", True),
        (rb"\-x", b"-x", True),
        (rb"[a-zA-Z0-9\-_]", b"-", True),
        (rb"[a-zA-Z0-9\-_]", b"_", True),
        (rb"[a-zA-Z0-9\-_]", b"+", False),
        (b"[!a-z]", b"A", True),
        (b"[!a-z]", b"b", False),
        (b"[]x]", b"]", True),
        (b"[{a,b}]", b",", True),
        (b"a}b,c", b"a}b,c", True),
        (b"A*", b"abc", False),
        ("é?".encode(), "éé".encode(), True),
        (b"?\xff", b"\xfe\xff", True),
        (b"data/*.txt", b"data/a.txt", True),
        (b"data/*.txt", b"other/data/a.txt", False),
        (b"/top", b"top", True),
        (b"/top", b"sub/top", False),
        (b"x*", b"new\nline", False),
        (b"new*", b"new\nline", True),
        (b"new", b"new\n", False),
        (rb"end\ ", b"end ", True),
    ],
)
def test_pattern(pattern: bytes, path: bytes, ignored: bool) -> None:
    """A pattern matches what the manual says, and nothing else."""
    assert rules((b"", pattern)).ignores(path, folder=False) is ignored


@pytest.mark.parametrize("path", [b".env", b"sub/.hidden", b".dotscience-ignore"])
def test_hidden_files_are_left_out_until_cancelled(path: bytes) -> None:
    """Hidden files are ignored by default, and `-.*` lets them in."""
    assert rules().ignores(path, folder=False)
    assert not rules((b"", b"-.*")).ignores(path, folder=False)


def test_last_matching_line_decides() -> None:
    """A cancelled pattern holds again when a later line says so."""
    ignore = rules((b"", b"*.txt\n-keep*\n*.log\nkeep.old.txt\n"))
    paths = [b"a.txt", b"keep.txt", b"keep.log", b"keep.old.txt"]
    assert [ignore.ignores(p, folder=False) for p in paths] == [True, False, True, True]


def test_deeper_files_come_after_shallower_ones() -> None:
    """A file in a sub-folder overrules one above, for its own folder and those below."""
    top = rules((b"", b"*.csv\ndata/x.bin"))
    sub = top.enter(b"data", b"-*.csv\nx.txt\n/here\n", "data/.dotscience-ignore")
    assert top.ignores(b"a.csv", folder=False)
    assert not sub.ignores(b"data/a.csv", folder=False)
    assert sub.ignores(b"data/deep/x.txt", folder=False)
    assert sub.ignores(b"data/x.bin", folder=False)
    assert sub.ignores(b"data/here", folder=False)
    assert not sub.ignores(b"data/deep/here", folder=False)


def test_slash_at_the_end_means_folders() -> None:
    """`build/` leaves the folder out and not a file of that name."""
    assert rules((b"", b"build/")).ignores(b"sub/build", folder=True)
    assert not rules((b"", b"build/")).ignores(b"sub/build", folder=False)


def test_windows_line_ends_and_byte_order_mark() -> None:
    """A file written by a Windows editor means the same."""
    ignore = rules((b"", b"\xef\xbb\xbf*.csv\r\n\r\n  \r\n# note\r\n*.txt\r\n"))
    assert [ignore.ignores(p, folder=False) for p in (b"a.csv", b"a.txt", b"# note", b"a")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "pattern",
    [b"[abc", b"{a,b", b"a\\", b"[z-a]", b"[]", b"[!]", b"-", b"/", b"{a,b}" * 11, b"{a,[}", b"x" * 5000, b"-./"],
)
def test_bad_pattern_names_file_and_line(pattern: bytes) -> None:
    """A pattern that cannot be meant is an error that says where it is."""
    with pytest.raises(IgnoreError, match=r"^sub/\.dotscience-ignore:3: bad pattern .+"):
        rules((b"sub", b"*.csv\n# fine\n" + pattern + b"\n"))


def test_file_that_is_no_text_is_refused() -> None:
    """Binary data in an ignore file is an error, not a pattern."""
    with pytest.raises(IgnoreError, match="no text file"):
        rules((b"", b"a\0b"))


def test_hostile_patterns_cost_no_more_than_others() -> None:
    """Matching time grows with the path's length, never exponentially with the number of stars."""
    hostile = rules((b"", b"*a" * 60 + b"*b\n" + b"*/" + b"*a" * 60 + b"*b\n" + b"{*a,*aa}" * 9 + b"b"))
    path = b"/".join([b"a" * 250] * 15)
    # With backtracking one call would not end before the test's time limit.
    assert not any(hostile.ignores(path, folder=False) for _ in range(100))


@given(st.text(st.characters(exclude_characters="/\0\r\n", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_escaped_name_matches_itself_only(name: str) -> None:
    """With every character escaped, a name is a pattern for itself and for nothing longer."""
    pattern = "".join("\\" + c for c in name).encode()
    ignore = Ignore().enter(b"", pattern, "f")
    assert ignore.ignores(name.encode(), folder=False)
    assert not ignore.ignores(name.encode() + b"x", folder=False)


@given(
    st.text(st.sampled_from("ab*?[]{},!-\\x^.1"), max_size=14),
    st.text(st.sampled_from("ab,x-.1"), min_size=1, max_size=8),
)
def test_any_pattern_is_taken_or_refused_with_a_reason(pattern: str, name: str) -> None:
    """No pattern crashes, and stars and questions without other magic mean what they do in a shell."""
    try:
        ignored = Ignore().enter(b"", pattern.encode(), "f").ignores(name.encode(), folder=False)
    except IgnoreError:
        return
    if not set(pattern) & set("[]{}\\") and not pattern.startswith("-") and pattern:
        expected = "".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in pattern)
        assert ignored == bool(re.fullmatch(expected, name))
