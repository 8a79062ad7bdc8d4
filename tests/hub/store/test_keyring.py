"""What is sealed stays closed without the right key, and can be given a new one at any time."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path

import pytest
from dotscience_hub.store import models
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import GivenKeys, KeyFile, Keyring, KeyringError, new_key, parse_key
from dotscience_hub.store.sealing import about, hold_keys, reseal, rotate_file
from dotscience_hub.store.secrets import SecretRow

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.ids import new_id

PLAIN = b"nobody is to know this"


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    """Where the keys are to be."""
    return KeyFile(tmp_path / "secrets" / "keys")


def test_seal_and_open(file: KeyFile) -> None:
    """What was sealed is opened as what it was sealed for, and looks different each time."""
    ring = Keyring(file)
    sealed = [ring.seal(PLAIN, "a") for _ in range(2)]
    assert [ring.open(each, "a") for each in sealed] == [PLAIN, PLAIN]
    assert sealed[0] != sealed[1]
    assert PLAIN not in sealed[0]
    assert Keyring(KeyFile(file.path)).open(sealed[0], "a") == PLAIN


def test_what_was_changed_or_moved_is_refused(file: KeyFile) -> None:
    """Each byte counts, also those of the header, and so does what it belongs to."""
    ring = Keyring(file)
    sealed = ring.seal(PLAIN, "a")
    with pytest.raises(KeyringError, match="belongs to something else"):
        ring.open(sealed, "b")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(KeyringError):
            ring.open(bytes(changed), "a")
    for length in (0, 1, 9, 21, 36):
        with pytest.raises(KeyringError):
            ring.open(sealed[:length], "a")


def test_the_file_is_its_owners_alone(file: KeyFile) -> None:
    """It is made so; opened to others, it is refused with what to do."""
    key = file.read_or_make()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert list(file.read()) == list(key)
    file.path.chmod(0o640)
    with pytest.raises(KeyringError, match="chmod 600"):
        file.read()


def test_one_key_is_made_however_many_begin(file: KeyFile) -> None:
    """Threads that need the first key at once all get the same."""
    found: list[bytes] = []
    barrier = threading.Barrier(8)

    def begin() -> None:
        barrier.wait()
        found.append(file.read_or_make()[0])

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in file.path.parent.iterdir()] == ["keys"]


def test_a_missing_key_is_named_not_shown(file: KeyFile) -> None:
    """Without its key a value stays closed; the sentence says which key, by its id, and what to do."""
    sealed = Keyring(file).seal(PLAIN, "a")
    with pytest.raises(KeyringError, match=f"lacks the key {sealed[1:9].hex()}.*administrator") as caught:
        Keyring(GivenKeys([new_key()])).open(sealed, "a")
    assert caught.value.status == 409


@pytest.mark.parametrize("text", ["", "short", "é" * 32, base64.b64encode(bytes(31)).decode(), "A" * 43])
def test_what_is_no_key(text: str) -> None:
    """It is refused without being repeated."""
    with pytest.raises(KeyringError, match="openssl rand -base64 32") as caught:
        parse_key(text)
    assert not text or text not in str(caught.value)


def test_keys_in_either_alphabet() -> None:
    """Base64 for URLs is taken as well."""
    key = bytes(range(224, 256))
    assert parse_key(base64.b64encode(key).decode()) == key
    assert parse_key(base64.urlsafe_b64encode(key).decode() + "\n") == key


def add(database: Database, ring: Keyring) -> str:
    id_ = new_id()
    with database.write() as session:
        hold_keys(session)
        sealed = ring.seal(PLAIN, about("secrets", id_, "private_key"))
        row = SecretRow(id=id_, holder=id_, name="k", type="t", owner="ada", created=now(), public_key="p")
        row.private_key = sealed
        session.add(row)
    return id_


def opened(database: Database, ring: Keyring) -> dict[str, bytes]:
    with database.read() as session:
        rows = session.query(SecretRow).all()
        return {row.id: ring.open(row.private_key, about("secrets", row.id, "private_key")) for row in rows}


def test_rotation(database: Database, file: KeyFile) -> None:
    """All values get a new key, the old one is gone from the file, and whoever has the file needs no restart."""
    ring = Keyring(file)
    ids = {add(database, ring) for _ in range(3)}
    old = file.read()
    done = rotate_file(database, file, models.metadata)
    assert (done.resealed, done.removed) == (3, 1)
    assert len(file.read()) == 1
    assert not set(old) & set(file.read())
    assert opened(database, ring) == dict.fromkeys(ids, PLAIN)
    with pytest.raises(KeyringError):
        opened(database, Keyring(GivenKeys(old)))
    assert rotate_file(database, file, models.metadata).resealed == 3


def test_a_rotation_that_was_cut_off(database: Database, file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after any of its steps, all can be opened, and the next one finishes the work."""
    ring = Keyring(file)
    ids = {add(database, ring) for _ in range(2)}
    write, count = KeyFile.write, 0

    class Killed(Exception):
        pass

    def dying(self: KeyFile, keys: list[bytes]) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise Killed
        write(self, keys)

    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "write", dying)
        with pytest.raises(Killed):
            rotate_file(database, file, models.metadata)
    assert len(file.read()) == 2
    assert opened(database, ring) == dict.fromkeys(ids, PLAIN)
    with monkeypatch.context() as patch:
        patch.setattr("dotscience_hub.store.sealing.reseal", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            rotate_file(database, file, models.metadata)
    assert len(file.read()) == 3
    assert opened(database, ring) == dict.fromkeys(ids, PLAIN)
    assert rotate_file(database, file, models.metadata).removed == 3
    assert opened(database, ring) == dict.fromkeys(ids, PLAIN)


def test_a_value_that_cannot_be_opened_stops_a_rotation(database: Database, file: KeyFile) -> None:
    """Then no value is changed and no key is removed."""
    ring = Keyring(file)
    fine = add(database, ring)
    add(database, Keyring(GivenKeys([new_key()])))
    (old,) = file.read()
    with pytest.raises(KeyringError):
        rotate_file(database, file, models.metadata)
    assert old in file.read()
    with database.read() as session:
        row = session.get(SecretRow, fine)
        assert row is not None
        assert Keyring(GivenKeys([old])).open(row.private_key, about("secrets", fine, "private_key")) == PLAIN


def test_rotations_while_secrets_are_made(database: Database, file: KeyFile) -> None:
    """Two rotations at once, and others who seal meanwhile: everything can be opened with the one key that is left."""
    ring = Keyring(file)
    made: list[str] = []
    problems: list[BaseException] = []

    def work(task: object, times: int) -> None:
        try:
            for _ in range(times):
                task()  # type: ignore[operator]
        except BaseException as problem:  # noqa: BLE001 - the main thread shows it
            problems.append(problem)

    def rotate() -> None:
        rotate_file(database, file, models.metadata)

    threads = [threading.Thread(target=work, args=(rotate, 4)) for _ in range(2)]
    threads += [threading.Thread(target=work, args=(lambda: made.append(add(database, ring)), 15)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(file.read()) == 1
    assert opened(database, ring) == dict.fromkeys(made, PLAIN)


def test_given_keys_are_rotated_by_their_order(database: Database) -> None:
    """The new key first, the old one after it: everything is sealed with the new one, and the old may go."""
    old, new = new_key(), new_key()
    ids = {add(database, Keyring(GivenKeys([old]))) for _ in range(2)}
    both = Keyring(GivenKeys([new, old]))
    assert opened(database, both) == dict.fromkeys(ids, PLAIN)
    assert reseal(database, both, models.metadata) == 2
    assert reseal(database, both, models.metadata) == 0
    assert opened(database, Keyring(GivenKeys([new]))) == dict.fromkeys(ids, PLAIN)
