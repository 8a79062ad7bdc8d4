"""Encryption of what the store keeps but must not tell: with keys that are kept outside of the database.

What is sealed can be opened only as what it was sealed for: a row's ciphertext in the place of another's is refused.

A sealed value is one byte of version, 8 of the key's id, 12 of nonce, then ciphertext and tag of AES-256-GCM (NIST SP
800-38D) with the text ``about`` as additional data.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jupyter_dotscience.api.problems import Conflict

KEY_BYTES = 32
_VERSION = b"\1"
_ID_BYTES, _NONCE_BYTES = 8, 12
_HEADER_BYTES = len(_VERSION) + _ID_BYTES


class KeyringError(Conflict):
    """Something cannot be opened or sealed; the text says why and what to do, and holds no key.

    A 409 and not a 500, which programs would try again: no repetition brings a key back.
    """

    default_code = "keyring"


class KeyMissing(KeyringError):
    """A value's key is not among ours. A rotation may just have renewed both: read the value again."""


class KeySource(Protocol):
    """Where keys come from. They are asked for each time, so that a rotation needs no restart."""

    def read(self) -> Sequence[bytes]:
        """All keys, the one to seal with first; none when there are none yet."""
        ...

    def read_or_make(self) -> Sequence[bytes]:
        """As :meth:`read`, but at least one."""
        ...


class GivenKeys:
    """Keys from the configuration."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Args: the keys, the one to seal with first."""
        self._keys = tuple(keys)

    def read(self) -> Sequence[bytes]:
        """The keys."""
        return self._keys

    def read_or_make(self) -> Sequence[bytes]:
        """The keys; at least one is given."""
        return self._keys


class KeyFile:
    """Keys in a file for its owner alone, one a line in base64, the one to seal with first. Made when first needed."""

    def __init__(self, path: Path) -> None:
        """Args: the file; its folder is made when it is not there."""
        self.path = path

    def read(self) -> Sequence[bytes]:
        """The keys.

        Raises:
            KeyringError: Others may read the file, or it holds something else.
        """
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise KeyringError(f"Others may read the keys in {self.path}; `chmod 600` it, then rotate them.")
                lines = file.read().split()
        except FileNotFoundError:
            return ()
        return [parse_key(line.decode("ascii", "replace")) for line in lines]

    def read_or_make(self) -> Sequence[bytes]:
        """The keys; a first one is made when there is none."""
        keys = self.read()
        if not keys:
            self._create([new_key()])
            keys = self.read()
        return keys

    @contextmanager
    def rotating(self) -> Iterator[None]:
        """Have nobody else rotate the keys for as long as the block runs."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def write(self, keys: Sequence[bytes]) -> None:
        """Replace all keys, for good; any crash leaves the old ones or the new ones."""
        temporary = self._temporary(keys)
        temporary.replace(self.path)
        _sync(self.path.parent)

    def _create(self, keys: Sequence[bytes]) -> None:
        """As :meth:`write`, but what another process has made meanwhile stays."""
        temporary = self._temporary(keys)
        try:
            self.path.hardlink_to(temporary)
            _sync(self.path.parent)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()

    def _temporary(self, keys: Sequence[bytes]) -> Path:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(base64.b64encode(key) + b"\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        return temporary


class Keyring:
    """Seals and opens."""

    def __init__(self, source: KeySource) -> None:
        """Args: where the keys are."""
        self._source = source

    def seal(self, plain: bytes, about: str) -> bytes:
        """Encrypt with the first key.

        Call it inside of the transaction that stores the result, after `store.sealing.hold_keys`: a rotation then
        either sees the row or has given this call its new key.

        Args:
            plain: What nobody is to know.
            about: What it belongs to, for example table and id of its row.
        """
        key, nonce = self._source.read_or_make()[0], os.urandom(_NONCE_BYTES)
        header = _VERSION + key_id(key)
        return header + nonce + AESGCM(key).encrypt(nonce, plain, header + about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Decrypt.

        Raises:
            KeyMissing: Its key is not among ours.
            KeyringError: It was changed, or belongs to something else.
        """
        header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        key = next((key for key in self._source.read() if _VERSION + key_id(key) == header), None)
        if key is None:
            raise KeyMissing(
                f"The hub lacks the key {sealed[1:_HEADER_BYTES].hex()}, with which this was encrypted; "
                "its administrator has to restore the file of keys."
            )
        try:
            return AESGCM(key).decrypt(nonce, text, header + about.encode())
        except (InvalidTag, ValueError):  # a ValueError when it is too short even for a nonce
            raise KeyringError("What the hub stored encrypted was changed, or belongs to something else.") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed with the first key."""
        return sealed[:_HEADER_BYTES] == _VERSION + key_id(self._source.read_or_make()[0])


def new_key() -> bytes:
    """A random key."""
    return os.urandom(KEY_BYTES)


def key_id(key: bytes) -> bytes:
    """A short name of a key that tells nothing about it."""
    return hashlib.sha256(b"dotscience key id\0" + key).digest()[:_ID_BYTES]


def parse_key(text: str) -> bytes:
    """A key from base64, of either alphabet, as `openssl rand -base64 32` prints it.

    Raises:
        KeyringError: It is none; the text does not say what it was.
    """
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyringError("A key for secrets is 32 random bytes in base64: `openssl rand -base64 32` makes one.")
    return key


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
