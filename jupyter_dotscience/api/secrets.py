"""Secrets: SSH key pairs of a project or of an account, kept encrypted."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Model, Name, Request, Time


class SecretType(enum.StrEnum):
    """The kinds of key pairs."""

    ED25519 = "ssh-ed25519"
    RSA = "ssh-rsa"
    """4096 bits, for servers that know nothing newer."""


class Secret(Model, frozen=True, kw_only=True):
    """A key pair as it is listed: without its private half."""

    id: Id
    name: str
    type: SecretType
    project: Annotated[Id | None, Meta(description="The project whose tasks may use it; null for the whole account.")]
    project_name: str | None
    owner: str
    created: Time
    public_key: Annotated[str, Meta(description="In OpenSSH's form, one line with a comment.")]


class SecretWithData(Model, frozen=True, kw_only=True):
    """A key pair with both halves."""

    secret: Secret
    data: Annotated[
        str,
        Meta(description="Base64 of a JSON object whose `public_key` and `private_key` are base64 of OpenSSH files."),
    ]

    def __repr__(self) -> str:
        """Without the private half: what is shown ends up in logs."""
        return f"{type(self).__name__}(secret={self.secret!r})"


class SecretCreate(Request, frozen=True, kw_only=True):
    """A key pair to make."""

    name: Name
    project: Id | None = None
    type: SecretType = SecretType.ED25519


class SecretList(Model, frozen=True, kw_only=True):
    """A page of secrets, newest first."""

    items: list[Secret]
    next: str | None = None


class SecretQuery(Request, frozen=True, kw_only=True):
    """Which secrets to list."""

    ref: Annotated[str | None, Meta(description="Only those with this id, unique prefix of an id, or name.")] = None
    project: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    cursor: str | None = None


class TaskSecret(Model, frozen=True, kw_only=True):
    """A private key that a task may use."""

    name: str
    type: SecretType
    private_key: Annotated[str, Meta(description="An OpenSSH private key file, not encrypted. Never logged.")]

    def __repr__(self) -> str:
        """Without the key: what is shown ends up in logs."""
        return f"{type(self).__name__}(name={self.name!r}, type={self.type!r})"


class TaskSecrets(Model, frozen=True, kw_only=True):
    """The project's keys, then those of the account of the task's creator; and variables that are never shown."""

    items: list[TaskSecret]
    environment: Annotated[dict[str, str], Meta(description="The task's sealed variables. Never logged.")] = (
        msgspec.field(default_factory=dict)
    )

    def __repr__(self) -> str:
        """Without values: what is shown ends up in logs."""
        return f"{type(self).__name__}(items={self.items!r}, environment of {len(self.environment)})"
