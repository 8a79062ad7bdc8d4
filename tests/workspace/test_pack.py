"""Packs are taken by git as they are."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_dotscience.workspace import PackWriter, blob_id

from .repository import Repository, git

CONTENT = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda b, n: b * n, st.binary(min_size=1, max_size=3), st.sampled_from([15, 16, 2047, 2048, 300_000])),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(contents=st.lists(CONTENT, unique=True, max_size=12), level=st.sampled_from([0, 1, 9]))
def test_git_reads_back_what_was_packed(repository: Repository, contents: list[bytes], level: int) -> None:
    """`git index-pack --strict` takes the pack, and every blob has its id and content."""
    out = io.BytesIO()
    writer = PackWriter(out, len(contents), level)
    for content in contents:
        writer.add(content)
    writer.finish()
    assert writer.size == len(out.getvalue())
    git(repository.git_folder, "index-pack", "--strict", "--stdin", data=out.getvalue())
    for content in contents:
        assert git(repository.git_folder, "cat-file", "blob", blob_id(content)) == content


def test_noise_is_stored_and_text_compressed(repository: Repository) -> None:
    """Data that do not shrink cost little more than their size, text after them is compressed, and all is read back."""
    noise = [os.urandom(4096) for _ in range(600)] + [os.urandom(200_000)]
    text = [b"%d all work and no play " % i * 200 for i in range(600)]
    out = io.BytesIO()
    writer = PackWriter(out, len(noise) + len(text))
    for content in noise:
        writer.add(content)
    of_noise = writer.size
    for content in text:
        writer.add(content)
    writer.finish()
    assert of_noise < sum(map(len, noise)) * 1.02
    assert writer.size - of_noise < sum(map(len, text)) / 2
    git(repository.git_folder, "index-pack", "--strict", "--stdin", data=out.getvalue())
    for content in (noise[0], noise[300], noise[-1], text[0], text[-1]):
        assert git(repository.git_folder, "cat-file", "blob", blob_id(content)) == content


def test_number_of_blobs_is_kept() -> None:
    """A pack with more or fewer blobs than announced is refused before it is sent."""
    writer = PackWriter(io.BytesIO(), 1)
    with pytest.raises(ValueError, match="lacks 1"):
        writer.finish()
    writer.add(b"x")
    with pytest.raises(ValueError, match="has all"):
        writer.add(b"y")
