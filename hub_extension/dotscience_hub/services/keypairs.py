"""Key pairs for SSH, in the forms that OpenSSH reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jupyter_dotscience.api.secrets import SecretType

RSA_BITS = 4096
# The only exponent that is in general use.
_EXPONENT = 65537


@dataclass(frozen=True)
class KeyPair:
    """Both halves.

    Attributes:
        public: A line for `authorized_keys`, without its end.
        private: A file as `ssh -i` takes it, not encrypted.
    """

    public: str
    private: str = field(repr=False)


def make_key_pair(kind: SecretType, comment: str) -> KeyPair:
    """A new key pair.

    Args:
        kind: Which.
        comment: Any text; becomes one word, the last of the public line.
    """
    key = _make(kind)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode("ascii")
    return KeyPair(f"{public} {_one_word(comment)}", private)


def _make(kind: SecretType) -> Ed25519PrivateKey | RSAPrivateKey:
    if kind is SecretType.RSA:
        return generate_private_key(_EXPONENT, RSA_BITS)
    return Ed25519PrivateKey.generate()


def _one_word(comment: str) -> str:
    """The comment as it can stand on a line, whatever a program takes for the end of one."""
    return "".join(char if char.isprintable() and not char.isspace() else "-" for char in comment)
