"""Hubs for whole-system tests, on every database and store; users with `ds` and a project; runners."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from tests.hubprocess import RunningHub, hub, require_proxy
from tests.services.docker_engine import DockerEngine
from tests.services.postgresql import Cluster

from .lab import Lab


@pytest.fixture(scope="module")
def postgresql_hub(postgresql_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub without a runner whose store is PostgreSQL."""
    require_proxy()
    database = f"test_{secrets.token_hex(6)}"
    postgresql_cluster.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    folder = tmp_path_factory.mktemp("postgresql-hub")
    config = configuration(folder, db_url=postgresql_cluster.url(database, "postgresql+psycopg"))
    with hub(folder / "data", "--no-runner", "--config", str(config)) as running:
        yield running
        assert not (folder / "data" / "dotscience.sqlite").exists()


def configuration(folder: Path, **values: object) -> Path:
    """A file that sets these values of the service."""
    path = folder / "service_config.py"
    path.write_text("".join(f"c.DotscienceHub.{name} = {value!r}\n" for name, value in values.items()))
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_hub(request: pytest.FixtureRequest) -> RunningHub:
    """A hub without a runner, on each database."""
    name = "running_hub" if request.param == "sqlite" else "postgresql_hub"
    found: RunningHub = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="module")
def lab(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user of this module with a runner that has the process backend; tests make projects of their own."""
    made = Lab.of(running_hub, tmp_path_factory.mktemp("lab"))
    made.add_runner()
    yield made
    made.close()


@pytest.fixture
def work(lab: Lab) -> Lab:
    """The module's user in an empty project."""
    lab.new_project()
    return lab


@pytest.fixture(scope="module")
def docker_lab(
    running_hub: RunningHub, docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A user of this module with a runner that has the Docker backend."""
    made = Lab.of(running_hub, tmp_path_factory.mktemp("docker-lab"))
    made.add_runner("--backend", "docker")
    yield made
    made.close()
