"""Where a bucket is, and the keys to it."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any

from .errors import SyncError

REGION = re.compile(r"[a-z0-9-]{1,64}")
HEADER = re.compile(r"[\x21-\x7e]{1,1024}")
"""What may stand in a header."""
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_DNS_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Location:
    """A bucket, and the keys to it."""

    bucket: str
    prefix: str
    endpoint_url: str | None
    region: str | None
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def url(self) -> str:
        """As people write it."""
        return f"s3://{self.bucket}/{_CONTROL.sub('?', self.prefix)}"

    def server(self, region: str) -> tuple[str, str]:
        """URL of the server, and what paths begin with there: at Amazon the bucket may be in the host's name."""
        if self.endpoint_url is not None:
            return self.endpoint_url, f"/{self.bucket}"
        host = f"s3.{region}.amazonaws.com"
        if _DNS_NAME.fullmatch(self.bucket):
            return f"https://{self.bucket}.{host}", ""
        return f"https://{host}", f"/{self.bucket}"


def check(location: Location) -> None:
    """Whether it can be one: it goes into addresses and headers.

    Raises:
        SyncError: it cannot.
    """
    if not _BUCKET.fullmatch(location.bucket) or ".." in location.bucket:
        raise SyncError(f"{location.bucket!r} is no name of a bucket.")
    if not HEADER.fullmatch(location.access_key_id):
        raise SyncError("An access key is made of letters, digits and a few signs, without blanks.")
    if location.region is not None and not REGION.fullmatch(location.region):
        raise SyncError(f"{location.region!r} is no name of a region.")
    if "\0" in location.prefix:
        raise SyncError("A prefix cannot hold a NUL character.")


def signing(location: Location, region: str) -> tuple[Any, Any]:
    """Botocore's class of requests, and what signs them: Signature Version 4.

    Raises:
        SyncError: it is not installed; it comes with the extra `s3` only.
    """
    try:
        auth = importlib.import_module("botocore.auth")
        requests = importlib.import_module("botocore.awsrequest")
        credentials = importlib.import_module("botocore.credentials")
    except ImportError:
        raise SyncError("This hub cannot read buckets: its administrator has to install boto3.") from None
    keys = credentials.Credentials(location.access_key_id, location.secret_access_key)
    return requests.AWSRequest, auth.S3SigV4Auth(keys, "s3", region)
