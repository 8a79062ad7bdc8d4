"""The fixtures in this folder give services that truly answer."""

from __future__ import annotations

import secrets
import subprocess
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from docker.errors import NotFound
from sqlalchemy import create_engine, text

from tests import require as requirement
from tests.services.docker_debug import describe
from tests.services.docker_engine import LABEL, DockerEngine, sweep
from tests.services.s3 import S3Server


@pytest.mark.docker
def test_docker_runs_python_of_the_default_image(docker_engine: DockerEngine) -> None:
    """The default image has a Python that runs, and its output comes back."""
    output = docker_engine.client.containers.run(
        docker_engine.image, ["python3", "-c", "print(6 * 7)"], labels=docker_engine.labels, remove=True
    )
    assert output == b"42\n"


@pytest.mark.docker
def test_docker_sweep_removes_running_containers_and_volumes_by_label_only(docker_engine: DockerEngine) -> None:
    """A sweep takes what carries the label, running or not, and leaves everything else."""
    client, name = docker_engine.client, secrets.token_hex(6)
    mine, other = {LABEL: name}, docker_engine.labels
    kept = client.containers.create(docker_engine.image, ["true"], labels=other)
    volume = client.volumes.create(labels=mine)
    taken = client.containers.create(docker_engine.image, ["sleep", "600"], labels=mine)
    try:
        taken.start()
    finally:
        sweep(client, f"{LABEL}={name}")
    for gone in (taken, volume):
        with pytest.raises(NotFound):
            gone.reload()
    kept.reload()
    kept.remove()


@pytest.mark.docker
def test_docker_description_shows_logs_and_hides_the_environment(docker_engine: DockerEngine) -> None:
    """The report of a failed test has the container's last words and none of its secrets."""
    secret = secrets.token_hex(16)
    container = docker_engine.client.containers.run(
        docker_engine.image,
        ["sh", "-c", "echo last words"],
        environment={"TOKEN": secret},
        labels=docker_engine.labels,
        detach=True,
    )
    container.wait()
    shown = "\n".join(f"{title}\n{body}" for title, body in describe(docker_engine))
    container.remove()
    assert "last words" in shown
    assert '"ExitCode": 0' in shown
    assert secret not in shown


@pytest.mark.postgresql
def test_postgresql_database_is_empty_and_takes_writes(postgresql_url: str) -> None:
    """SQLAlchemy connects with psycopg 3 to a database without tables and keeps what is written."""
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        assert connection.scalar(text(count)) == 0
        connection.execute(text("CREATE TABLE note (body text)"))
        connection.execute(text("INSERT INTO note VALUES ('żółw')"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT body FROM note")) == "żółw"
    engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("turn", ["first", "second"])
def test_postgresql_tests_do_not_see_each_other(postgresql_url: str, turn: str) -> None:
    """The same table can be made in each of two tests."""
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_once (turn text)"))
        assert connection.scalar(text("SELECT count(*) FROM only_once")) == 0
    engine.dispose()


@pytest.mark.s3
def test_s3_stores_and_presigns(s3_server: S3Server) -> None:
    """An object put through the API comes back byte for byte through a presigned URL."""
    client, body = s3_server.client(), secrets.token_bytes(100_000)
    client.put_object(Bucket=s3_server.bucket, Key="a/b c.bin", Body=body)
    url = client.generate_presigned_url("get_object", Params={"Bucket": s3_server.bucket, "Key": "a/b c.bin"})
    with urlopen(url) as reply:
        assert reply.read() == body


@pytest.mark.s3
def test_s3_starts_each_test_with_an_empty_bucket_and_checks_the_secret(s3_server: S3Server) -> None:
    """The bucket is empty, and a wrong secret is refused."""
    assert s3_server.client().list_objects_v2(Bucket=s3_server.bucket).get("Contents") is None
    stranger = S3Server(s3_server.endpoint, s3_server.key, "wrong", s3_server.bucket)
    with pytest.raises(ClientError):
        stranger.client().list_objects_v2(Bucket=s3_server.bucket)


def test_bubblewrap_hides_other_processes(bubblewrap: str) -> None:
    """Inside a new process namespace the sandbox's shell has a small process id."""
    command = [bubblewrap, "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "sh", "-c", "echo $$"]
    assert int(subprocess.run(command, capture_output=True, check=True).stdout) < 10


def test_git_lfs_makes_a_pointer(git_lfs: str) -> None:
    """`git lfs clean` turns content into a version-1 pointer."""
    done = subprocess.run([git_lfs, "lfs", "clean"], input=b"hello", capture_output=True, check=True)
    assert done.stdout.startswith(b"version https://git-lfs.github.com/spec/v1\noid sha256:2cf24dba5fb0a30e")


def test_require_passes_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing skips a test, and fails it where services are required."""
    requirement.require(lambda: True, "nothing")
    monkeypatch.delenv(requirement.VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a unicorn"):
        requirement.require(False, "a unicorn")
    monkeypatch.setenv(requirement.VARIABLE, "1")
    with pytest.raises(pytest.fail.Exception, match="needs a unicorn"):
        requirement.require(lambda: False, "a unicorn")
