"""Fixtures: one hub with a runner per process of the test run, a new project per module.

`DOTSCIENCE_CONFORMANCE_DATABASE=postgresql` puts that hub on PostgreSQL, `DOTSCIENCE_CONFORMANCE_BACKEND=docker` lets
its runner use containers. By default it is SQLite and processes; `test_main_path.py` goes the other ways shortly.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.hub.datasets.proxy import Gate, proxied
from tests.hubprocess import hub, require_proxy
from tests.services.postgresql import Cluster
from tests.services.s3 import S3Server

from .buckets import Bucket
from .site import Person, Site

_serial = itertools.count(1)


@pytest.fixture(scope="session")
def conformance_arguments(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `dotscience-hub up` gets beside the folder."""
    backend = os.environ.get("DOTSCIENCE_CONFORMANCE_BACKEND", "process")
    if backend == "docker":
        request.getfixturevalue("docker_engine")
    arguments = ["--backend", backend]
    if os.environ.get("DOTSCIENCE_CONFORMANCE_DATABASE", "sqlite") == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql_cluster")
        arguments += ["--config", str(on_postgresql(cluster, tmp_path_factory.mktemp("config")))]
    return arguments


def on_postgresql(cluster: Cluster, folder: Path) -> Path:
    """A configuration of the service that puts it on a new database."""
    config = folder / "dotscience_config.py"
    config.write_text(f"c.DotscienceHub.db_url = {cluster.new_database()!r}\n")
    return config


@pytest.fixture(scope="session")
def site(conformance_arguments: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The hub that all modules share."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("conformance") / "data", *conformance_arguments) as running:
        yield Site(running, conformance_arguments[1])


def new_person(site: Site, folder: Path) -> Person:
    """Somebody with an account, logged in by a token in the environment."""
    name = f"person{next(_serial)}"
    token = site.hub.make_user(name)
    home = folder / name
    return Person(site, name, token, home, Program.at(home, DOTSCIENCE_URL=site.hub.url, DOTSCIENCE_TOKEN=token))


@pytest.fixture(scope="session")
def person(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """The person who does what the manual says."""
    return new_person(site, tmp_path_factory.mktemp("person"))


@pytest.fixture(scope="session")
def other(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody else, who has nothing of their own."""
    return new_person(site, tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def project(person: Person) -> str:
    """The name of a project of `person`, for all tests of a module."""
    return person.project()


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    """An empty bucket."""
    return Bucket(s3_server, s3_server)


@pytest.fixture
def gated(s3_server: S3Server) -> Iterator[tuple[Bucket, Gate]]:
    """An empty bucket whose object `last` is given to nobody before the gate is opened."""
    with proxied(s3_server.endpoint) as proxy:
        gate = Gate(lambda seen: seen.key == "last")
        proxy.before = gate
        yield Bucket(dataclasses.replace(s3_server, endpoint=proxy.endpoint), s3_server), gate
        gate.opened.set()
