"""Files with secrets: whole or not there, and readable for their owner only."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotscience_hub.app.server import _cookie_secret
from dotscience_hub.privatefile import write_private


def test_the_cookie_secret_stays(tmp_path: Path) -> None:
    """A restart finds the secret of before, in a file that nobody else can read."""
    secret = _cookie_secret(tmp_path)
    assert len(secret) == 32
    assert _cookie_secret(tmp_path) == secret
    assert (tmp_path / "service-cookie").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [b"", b"short"])
def test_a_torn_cookie_secret_is_made_anew(tmp_path: Path, torn: bytes) -> None:
    """What a killed service left of the file does not sign cookies: an empty secret would be everybody's (F1)."""
    (tmp_path / "service-cookie").write_bytes(torn)
    secret = _cookie_secret(tmp_path)
    assert len(secret) == 32
    assert _cookie_secret(tmp_path) == secret


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full disk the old content stays whole, and no other file is left behind (F14)."""
    path = tmp_path / "token"
    write_private(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
