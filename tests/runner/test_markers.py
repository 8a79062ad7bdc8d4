"""Markers are found in output however it is cut, and nothing in it can make the agent hold more than a bound."""

from __future__ import annotations

import itertools

from dotscience_runner.agent import markers
from dotscience_runner.agent.markers import MarkerScanner
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api.marker import find


def marker(run: str, content: str) -> bytes:
    return f"[[DOTSCIENCE-RUN:{run}]]{content}[[/DOTSCIENCE-RUN:{run}]]".encode()


def feed(pieces: list[bytes]) -> list[tuple[str, bytes]]:
    scanner = MarkerScanner()
    return [found for piece in pieces for found in scanner.feed(piece)]


TEXTS = st.sampled_from(
    [b"", b"[", b"[[", b"]]", b"noise\n", b"[[DOTSCIENCE-RUN:", b"[[/DOTSCIENCE-RUN:a]]", b"[[DOTSCIENCE-RUN:open]]"]
    + [marker(run, content) for run in "abc" for content in ("{}", '{"x": "[[y]]"}', "\n{\n}\n")]
)


@given(st.lists(TEXTS, max_size=12), st.lists(st.integers(0, 400), max_size=20))
def test_how_output_is_cut_does_not_matter(texts: list[bytes], cuts: list[int]) -> None:
    """Cut anywhere, the same markers are found."""
    whole = b"".join(texts)
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(places)]
    assert feed(pieces) == feed([whole])


@given(st.lists(st.sampled_from([b"noise\n", b"[[", marker("a", "{}"), marker("b", '{"k": "v"}')]), max_size=10))
def test_the_contract_finds_the_same(texts: list[bytes]) -> None:
    """As `api.marker.find` does in the whole output."""
    whole = b"".join(texts)
    assert feed([whole]) == list(find(whole))


def test_a_marker_after_one_that_was_never_closed_is_found() -> None:
    """A process that died while it printed does not hide the next one's run."""
    assert feed([b"[[DOTSCIENCE-RUN:a]]{", marker("b", "{}")]) == [("b", b"{}")]


def test_plain_output_is_not_kept() -> None:
    """Only what may still become a marker stays in memory."""
    scanner = MarkerScanner()
    scanner.feed(b"x" * 1_000_000)
    assert scanner.kept == 0
    scanner.feed(b"tail [[DOTSC")
    assert scanner.kept == len(b"[[DOTSC")


def test_a_marker_without_end_is_given_up() -> None:
    """Memory is bounded by the longest marker, and markers after that are found again."""
    scanner = MarkerScanner()
    scanner.feed(b"[[DOTSCIENCE-RUN:a]]")
    for _ in range(markers.MAX_MARKER // 1_000_000 + 2):
        scanner.feed(b"y" * 1_000_000)
    assert scanner.kept == 0
    assert scanner.feed(marker("b", "{}")) == [("b", b"{}")]


def test_a_marker_that_begins_again_and_again_keeps_nothing_back() -> None:
    """Whatever a program opens anew, what is kept is bounded by the longest marker."""
    scanner = MarkerScanner()
    scanner.feed(b"[[DOTSCIENCE-RUN:a]] [[DOTSCIENCE-RUN:b]]")
    for _ in range(markers.MAX_MARKER // 1_000_000 + 2):
        scanner.feed(b"[[DOTSCIENCE-RUN:a]]" + b"y" * 1_000_000)
    assert scanner.kept < 1_100_000


def test_a_thousand_open_markers_do_not_pile_up() -> None:
    """Only so many beginnings are remembered."""
    scanner = MarkerScanner()
    for number in range(5000):
        scanner.feed(b"[[DOTSCIENCE-RUN:%d]]" % number)
    assert scanner.kept < 1100 * 24
