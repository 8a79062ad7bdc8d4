"""`dotscience-hub secrets rotate`, as an administrator types it."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import GivenKeys, KeyFile, Keyring, KeyringError, new_key
from dotscience_hub.store.schema import upgrade
from dotscience_hub.store.sealing import about
from dotscience_hub.store.secrets import SecretRow

from jupyter_dotscience.api._base import now
from tests.hubprocess import PROGRAM

PLAIN = b"nobody is to know this"
ABOUT = about("secrets", "s", "private_key")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A service's folder with one secret."""
    (folder := tmp_path / "data").mkdir(mode=0o700)
    return folder


def database(data_dir: Path) -> Database:
    return Database(f"sqlite:///{data_dir / 'dotscience.sqlite'}")


def store(data_dir: Path, ring: Keyring) -> None:
    opened = database(data_dir)
    upgrade(opened)
    with opened.write() as session:
        row = SecretRow(id="s", holder="user:ada", name="k", type="t", owner="ada", created=now(), public_key="p")
        row.private_key = ring.seal(PLAIN, ABOUT)
        session.add(row)
    opened.dispose()


def stored(data_dir: Path) -> bytes:
    opened = database(data_dir)
    with opened.read() as session:
        row = session.get(SecretRow, "s")
    opened.dispose()
    assert row is not None
    return row.private_key


def rotate(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "secrets", "rotate", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def config(data_dir: Path, *keys: bytes | str) -> str:
    file = data_dir.parent / "config.py"
    texts = [key if isinstance(key, str) else base64.b64encode(key).decode() for key in keys]
    file.write_text(f"c.DotscienceHub.secret_keys = {texts!r}\n")
    return str(file)


def test_a_file_of_keys(data_dir: Path) -> None:
    """Without a configuration: a new key in the file, the old one removed, and what was done is said."""
    file = KeyFile(data_dir / "secrets" / "encryption-keys")
    store(data_dir, Keyring(file))
    (old,) = file.read()
    done = rotate(data_dir)
    (new,) = file.read()
    assert (done.returncode, done.stderr) == (0, "")
    sealed = stored(data_dir)
    assert done.stdout == (
        f"Encrypted 1 secret(s) anew; the key of all is {sealed[1:9].hex()} now.\nRemoved 1 old key(s).\n"
    )
    assert Keyring(GivenKeys([new])).open(sealed, ABOUT) == PLAIN
    with pytest.raises(KeyringError):
        Keyring(GivenKeys([old])).open(sealed, ABOUT)


def test_keys_of_the_configuration(data_dir: Path) -> None:
    """The first of them encrypts all; from the file to the configuration goes the same way."""
    file = KeyFile(data_dir / "secrets" / "encryption-keys")
    store(data_dir, Keyring(file))
    new = new_key()
    done = rotate(data_dir, "--config", config(data_dir, new, *file.read()))
    assert (done.returncode, "Removed" in done.stdout) == (0, False)
    assert Keyring(GivenKeys([new])).open(stored(data_dir), ABOUT) == PLAIN
    again = rotate(data_dir, "--config", config(data_dir, new))
    assert again.stdout.startswith("Encrypted 0 secret(s) anew")


def test_what_is_wrong_is_one_sentence(data_dir: Path) -> None:
    """A key that is missing or none, a file that others read, another database: said, shown no key, nothing changed."""
    file = KeyFile(data_dir / "secrets" / "encryption-keys")
    store(data_dir, Keyring(file))
    before = stored(data_dir), file.path.read_bytes()
    missing = rotate(data_dir, "--config", config(data_dir, new_key()))
    assert (missing.returncode, "lacks the key" in missing.stderr) == (1, True)
    none = rotate(data_dir, "--config", config(data_dir, "hunter2"))
    assert (none.returncode, "openssl rand" in none.stderr, "hunter2" in none.stderr) == (1, True, False)
    nowhere = rotate(data_dir, "--db-url", "postgresql+psycopg://u:hunter2@127.0.0.1:1/none")
    assert (nowhere.returncode, "database cannot be used" in nowhere.stderr) == (1, True)
    assert "hunter2" not in nowhere.stderr
    file.path.chmod(0o644)
    open_to_all = rotate(data_dir)
    assert (open_to_all.returncode, "chmod 600" in open_to_all.stderr) == (1, True)
    assert not any("Traceback" in done.stderr for done in (missing, none, nowhere, open_to_all))
    assert (stored(data_dir), file.path.read_bytes()) == before
