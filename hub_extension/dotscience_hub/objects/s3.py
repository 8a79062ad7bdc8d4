"""Objects in an S3 bucket."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_dotscience.api.problems import NotFound, Unavailable

from .base import CHUNK, LEFTOVER_SECONDS, NAME, Incoming, sweep

MULTIPART = 64 << 20
"""Bytes above which an object is sent in parts; a single PUT may have 5 GiB, and a failed part is sent again alone."""

_AWAY = "The hub's object store does not answer; try again in a moment."


@dataclass(frozen=True)
class S3Settings:
    """Where the bucket is.

    Attributes:
        bucket: Its name.
        prefix: What all keys begin with.
        endpoint: URL of the server; None for AWS.
        region: The server's region.
        path_style: The bucket in the path and not in the host name; most servers but AWS need it.
        key: Access key; None to let boto3 find one (environment, instance role).
        secret: Secret key.
    """

    bucket: str
    prefix: str = "objects/"
    endpoint: str | None = None
    region: str = "us-east-1"
    path_style: bool = False
    key: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"S3Settings(bucket={self.bucket!r}, prefix={self.prefix!r}, endpoint={self.endpoint!r})"


class S3Objects:
    """Each object is a key; see :class:`ObjectStore`. Content is checked in a local file before it is sent."""

    def __init__(self, settings: S3Settings, temporary: Path) -> None:
        """Connect lazily.

        Args:
            settings: Where the bucket is.
            temporary: A local folder for what is arriving; made when it is missing.
        """
        self._settings = settings
        self._temporary = temporary
        temporary.mkdir(parents=True, exist_ok=True)
        self._client = _client(settings)

    def receive(self, sha256: str, size: int | None, limit: int | None = None) -> Incoming:
        """Begin to receive an object."""
        return _IncomingUpload(self, self._temporary, sha256, size, limit)

    def upload(self, path: Path, sha256: str) -> None:
        """Send a file whose content was checked."""
        transfer = importlib.import_module("boto3.s3.transfer")
        config = transfer.TransferConfig(multipart_threshold=MULTIPART, multipart_chunksize=MULTIPART // 4)
        with _answering():
            self._client.upload_file(str(path), self._settings.bucket, self._key(sha256), Config=config)

    @property
    def temporary(self) -> Path:
        """Where files are before they are sent."""
        return self._temporary

    def adopt(self, path: Path, sha256: str) -> None:
        """Have a file as an object."""
        self.upload(path, sha256)

    def size(self, sha256: str) -> int | None:
        """Bytes of an object, or None."""
        try:
            with _answering():
                found = self._client.head_object(Bucket=self._settings.bucket, Key=self._key(sha256))
        except NotFound:
            return None
        return int(found["ContentLength"])

    def read(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content from byte `start` on, in pieces."""
        if length == 0:
            return
        end = "" if length is None else str(start + length - 1)
        arguments = {"Range": f"bytes={start}-{end}"} if start or end else {}
        with _answering():
            answer = self._client.get_object(Bucket=self._settings.bucket, Key=self._key(sha256), **arguments)
        with contextlib.closing(answer["Body"]) as body:
            yield from body.iter_chunks(CHUNK)

    def delete(self, sha256: str) -> None:
        """Remove an object."""
        with _answering():
            self._client.delete_object(Bucket=self._settings.bucket, Key=self._key(sha256))

    def all(self) -> Iterator[str]:
        """The SHA-256 of every object."""
        with _answering():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._settings.bucket, Prefix=self._settings.prefix):
                names = (str(item["Key"]).rpartition("/")[2] for item in page.get("Contents", []))
                yield from (name for name in names if NAME.fullmatch(name))

    def sweep(self, age: float = LEFTOVER_SECONDS) -> None:
        """Remove what was left of uploads that died."""
        sweep(self._temporary, age)

    def check(self) -> None:
        """Whether the bucket answers.

        Raises:
            OSError: it does not.
        """
        errors = importlib.import_module("botocore.exceptions")
        try:
            self._client.head_bucket(Bucket=self._settings.bucket)
        except (errors.ClientError, errors.BotoCoreError) as error:
            raise OSError(f"The bucket {self._settings.bucket!r} does not answer: {error}") from error

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _key(self, sha256: str) -> str:
        return f"{self._settings.prefix}{sha256[:2]}/{sha256}"


class _IncomingUpload(Incoming):
    def __init__(self, store: S3Objects, folder: Path, sha256: str, size: int | None, limit: int | None) -> None:
        super().__init__(folder, sha256, size, limit, stays=False)
        self._store = store

    def _keep(self) -> None:
        self._store.upload(self.path, self.sha256)


def _client(settings: S3Settings) -> Any:
    # boto3 takes 0.3 s and 40 MB, and comes with the extra `s3` only.
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if settings.path_style else "auto"},
        # The newer default sends trailers that many servers do not know, and refuses ranges without checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=32,
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.key,
        aws_secret_access_key=settings.secret,
        config=config,
    )


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Errors of S3 as ours.

    Raises:
        NotFound: there is no such key.
        Unavailable: the server does not answer, or refuses us.
    """
    errors = importlib.import_module("botocore.exceptions")
    upload_failed = importlib.import_module("boto3.exceptions").S3UploadFailedError
    try:
        yield
    except errors.ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
            raise NotFound("There is no such object.") from None
        raise Unavailable(_AWAY) from error
    except (errors.BotoCoreError, upload_failed) as error:
        raise Unavailable(_AWAY) from error
