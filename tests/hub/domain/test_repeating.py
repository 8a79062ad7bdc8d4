"""The name of exactly one content of an image."""

from __future__ import annotations

import pytest
from dotscience_hub.domain.repeating import image_by_digest

DIGEST = "sha256:" + "12" * 32


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("python", "python"),
        ("python:3.12-slim", "python"),
        ("localhost:5000/team/image", "localhost:5000/team/image"),
        ("localhost:5000/team/image:v1", "localhost:5000/team/image"),
        ("ghcr.io/a/b:1@sha256:" + "0" * 64, "ghcr.io/a/b"),
        ("python@sha256:" + "0" * 64, "python"),
    ],
)
def test_tag_and_digest_give_way(image: str, name: str) -> None:
    """A registry's port is no tag."""
    assert image_by_digest(image, DIGEST) == f"{name}@{DIGEST}"


@pytest.mark.parametrize("image", ["sha256:" + "0" * 64, "0" * 64])
def test_an_image_named_by_its_id_is_its_digest(image: str) -> None:
    """It has no other name."""
    assert image_by_digest(image, DIGEST) == DIGEST
