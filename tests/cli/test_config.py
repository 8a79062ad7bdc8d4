"""What `ds` keeps on disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_cli import config
from dotscience_cli.guard import Failure

LOGIN = config.Login("https://hub.example.org", "alice", "secret", 12.5, "a1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DOTSCIENCE_CONFIG_DIR", str(tmp_path / "home"))
    old = os.umask(0)
    yield tmp_path / "home"
    os.umask(old)


def test_a_login_is_the_users_alone(home: Path) -> None:
    """With no umask at all, files have mode 0600 and folders 0700; a file that was opened to others is closed again."""
    config.save_login(LOGIN)
    [file] = (home / "logins").iterdir()
    file.chmod(0o666)
    config.save_login(LOGIN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert config.load_login(LOGIN.url) == LOGIN


def test_a_link_in_the_way_is_replaced(home: Path, tmp_path: Path) -> None:
    """A symlink in the place of the file does not lead the token elsewhere."""
    config.save_login(LOGIN)
    [file] = (home / "logins").iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    config.save_login(LOGIN)
    assert not (tmp_path / "elsewhere").exists()
    assert not file.is_symlink()


def test_each_hub_has_its_login(home: Path) -> None:
    """Logging in to one hub leaves the other's login alone, and so does logging out."""
    other = config.Login("http://127.0.0.1:8000", "bob", "other")
    config.save_login(LOGIN)
    config.save_login(other)
    assert config.forget_login(LOGIN.url)
    assert not config.forget_login(LOGIN.url)
    assert config.load_login(LOGIN.url) is None
    assert config.load_login(other.url) == other


def test_the_token_is_not_shown() -> None:
    """A login in a traceback or a log does not give its token away."""
    assert "secret" not in repr(LOGIN)


def test_a_damaged_file_is_said(home: Path) -> None:
    """Half a file is an error that names it; nothing is guessed."""
    config.set_server_url("https://hub.example.org")
    (home / "config.json").write_text('{"server_url": "https')
    with pytest.raises(Failure, match=r"config\.json is damaged"):
        config.server_url()


def test_a_full_disk_leaves_the_old_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails in the middle leaves what was there, and nothing beside it."""
    config.save_login(LOGIN)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        config.save_login(config.Login(LOGIN.url, "bob", "new"))
    assert config.load_login(LOGIN.url) == LOGIN
    assert len(list((home / "logins").iterdir())) == 1
