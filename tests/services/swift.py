"""Fixture `swift`: OpenStack Swift with its S3 API (PyPI: swift), a server that takes S3 seriously.

It has versions, honours `If-Match`, takes any key, and says what is wrong with a key pair. Four processes on loopback,
their data on a file system with extended attributes.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.require import missing, require
from tests.services.process import end, free_port, wait_until
from tests.services.s3 import S3Server

_COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
mount_check = false
user = {user}
swift_dir = {etc}
devices = {devices}
log_address = /nonexistent
"""
_BACKEND = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
[{name}-replicator]
[{name}-updater]
[{name}-auditor]
"""
# The order is of meaning: s3api before tempauth, symlink behind versioned_writes.
_FILTERS = (
    "catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk tempurl s3api tempauth slo dlo "
    "versioned_writes symlink"
)
_EGGS = {"proxy-logging": "proxy_logging", "cache": "memcache"}
_OPTIONS = {
    "tempauth": "user_test_tester = {secret} .admin",
    "s3api": "location = us-east-1\ncheck_bucket_owner = false\nmin_segment_size = 1048576",
    "versioned_writes": "allow_object_versioning = true",
}


@pytest.fixture(scope="session")
def _swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Endpoint and secret of a running Swift."""
    scripts = sysconfig.get_path("scripts")
    if shutil.which("swift-proxy-server", path=scripts) is None:
        missing("OpenStack Swift (PyPI: swift)")
    folder = tmp_path_factory.mktemp("swift")
    require(_has_attributes(folder), "a file system with extended attributes below pytest's temporary folder")
    secret, ports = secrets.token_hex(16), {name: free_port() for name in ("account", "container", "object", "proxy")}
    _configure(folder, ports, secret, Path(scripts) / "swift-ring-builder")
    with contextlib.ExitStack() as stack:
        for name, port in ports.items():
            stack.enter_context(_running(Path(scripts), folder, name, port))
        yield f"http://127.0.0.1:{ports['proxy']}", secret


@pytest.fixture
def swift(_swift: tuple[str, str]) -> S3Server:
    """A server with one empty bucket that only this test has."""
    endpoint, secret = _swift
    server = S3Server(endpoint, "test:tester", secret, f"test-{secrets.token_hex(6)}")
    server.client().create_bucket(Bucket=server.bucket)
    return server


def _has_attributes(folder: Path) -> bool:
    probe = folder / "probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.test", b"1")
    except OSError:
        return False
    return True


def _configure(folder: Path, ports: dict[str, int], secret: str, builder: Path) -> None:
    etc = folder / "etc"
    (folder / "data" / "d1").mkdir(parents=True)
    etc.mkdir()
    parts = "[swift-hash]\nswift_hash_path_suffix = x\nswift_hash_path_prefix = y\n"
    (etc / "swift.conf").write_text(f"{parts}[storage-policy:0]\nname = default\ndefault = yes\n")
    for name, port in ports.items():
        text = _COMMON.format(port=port, user=getpass.getuser(), etc=etc, devices=folder / "data")
        if name == "proxy":
            text += _proxy(secret)
        else:
            text += _BACKEND.format(name=name)
            for step in (["create", "2", "1", "1"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
                subprocess.run([builder, etc / f"{name}.builder", *step], check=True, capture_output=True)
        (etc / f"{name}-server.conf").write_text(text)


def _proxy(secret: str) -> str:
    text = f"[pipeline:main]\npipeline = {_FILTERS} proxy-server\n"
    text += "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
    for name in _FILTERS.split():
        options = _OPTIONS.get(name, "").format(secret=secret)
        text += f"[filter:{name}]\nuse = egg:swift#{_EGGS.get(name, name)}\n{options}\n"
    return text


@contextlib.contextmanager
def _running(scripts: Path, folder: Path, name: str, port: int) -> Iterator[None]:
    log = folder / f"{name}.log"
    command = [scripts / f"swift-{name}-server", folder / "etc" / f"{name}-server.conf"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(port), process, f"swift-{name}-server (log: {log})")
        yield
    finally:
        end(process, signal.SIGTERM)


def _answers(port: int) -> bool:
    try:
        urllib3.request("GET", f"http://127.0.0.1:{port}/healthcheck", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return False
    return True
