"""A bucket of a real S3 server, as `ds dataset create s3` is told of it."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.services.s3 import S3Server

from .site import Dataset, Person

_serial = itertools.count(1)


@dataclass
class Bucket:
    """A bucket that only one test has.

    Attributes:
        server: Where the hub finds it.
        behind: Where the test finds it: the same server, on a shorter way.
    """

    server: S3Server
    behind: S3Server

    @cached_property
    def _client(self) -> Any:
        return self.behind.client()

    @property
    def name(self) -> str:
        """Its name."""
        return self.server.bucket

    def options(self, **changed: str) -> list[str]:
        """What `ds dataset create s3` needs to find it; with `changed`, to not find it."""
        known = {
            "access-key-id": self.server.key,
            "secret-access-key": self.server.secret,
            "bucket": self.server.bucket,
            "endpoint-url": self.server.endpoint,
            "region": self.server.region,
        }
        known.update({name.replace("_", "-"): value for name, value in changed.items()})
        return [word for name, value in known.items() for word in (f"--{name}", value)]

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self._client.put_object(Bucket=self.name, Key=key, Body=content)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._client.delete_object(Bucket=self.name, Key=key)

    def remove(self) -> None:
        """The bucket itself, with all in it."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            for item in page.get("Contents", []):
                self.delete(item["Key"])
        self._client.delete_bucket(Bucket=self.name)

    def dataset(self, person: Person, *options: str) -> Dataset:
        """A new dataset of it, with everything downloaded."""
        name = f"s3-{os.getpid()}-{next(_serial)}"
        made = person("dataset", "create", "s3", "--name", name, *self.options(), "--wait", *options)
        return Dataset(made.strip(), name)
