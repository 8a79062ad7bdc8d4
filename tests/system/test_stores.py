"""The main path on each store that a hub can have: SQLite and files, PostgreSQL, S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hubprocess import RunningHub, hub, require_proxy
from tests.services.s3 import S3Server

from .conftest import configuration
from .lab import Lab

MEBIBYTE = 2**20
SCRIPT = """
import dotscience as ds
ds.start()
with open(ds.input("data.bin"), "rb") as file:
    data = file.read()
ds.log({"loss": 0.5}, step=1)
with open(ds.output("back.bin"), "wb") as file:
    file.write(data[::-1])
ds.parameter("size", len(data))
ds.summary("score", 0.75)
ds.publish("done")
print("read", len(data))
"""


@pytest.fixture
def s3_hub(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningHub]:
    """A hub that keeps large files in a bucket; its keys come from the environment, as for every program of AWS."""
    require_proxy()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    config = configuration(
        tmp_path,
        s3_bucket=s3_server.bucket,
        s3_endpoint=s3_server.endpoint,
        s3_region=s3_server.region,
        s3_path_style=True,
    )
    with hub(tmp_path / "data", "--no-runner", "--config", str(config)) as running:
        yield running
        stored = s3_server.client().list_objects_v2(Bucket=s3_server.bucket)["Contents"]
        assert sorted(item["Size"] for item in stored) == [12 * MEBIBYTE, 12 * MEBIBYTE]
        assert not [path for path in (tmp_path / "data" / "objects").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "which",
    [pytest.param("postgresql_hub", marks=pytest.mark.postgresql), pytest.param("s3_hub", marks=pytest.mark.s3)],
)
def test_upload_run_and_fetch(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A large file goes up, a job reads it and writes another, the run is recorded, and all of it comes back."""
    running: RunningHub = request.getfixturevalue(which)
    lab = Lab.of(running, tmp_path)
    lab.add_runner()
    data = os.urandom(12 * MEBIBYTE)
    source = tmp_path / "source"
    source.mkdir()
    (source / "data.bin").write_bytes(data)
    (source / "train.py").write_text(SCRIPT)
    try:
        done = lab.run("python3", "train.py", options=("-u", str(source)))
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.startswith(b"[[DOTSCIENCE-RUN:") or b"read " in done.stdout
        got = lab.ds("file", "get", lab.project, "back.bin", "-")
        assert (got.returncode, got.stdout) == (0, data[::-1])
        run = lab.only_run()
        assert (run.parameters, run.summary, run.series) == ({"size": str(len(data))}, {"score": "0.75"}, ["loss"])
        assert [(file.path, file.commit) for file in run.inputs] == [("data.bin", lab.last_task().commit)]
        [row] = lab.json("runs", "ls", "--output", "json", lab.project)
        assert row["id"] == run.id
        again = lab.run("python3", "train.py")
        assert (again.returncode, lab.last_task().merge) == (0, "none"), again.stderr.decode()
    finally:
        lab.close()
