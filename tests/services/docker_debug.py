"""When a test that used the engine fails, its report shows the containers of the session: state, logs, inspect."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from tests.services.docker_engine import LABEL, DockerEngine

LOG_LINES = 100
INSPECT_KEYS = ("State", "HostConfig", "Mounts", "NetworkSettings", "Config")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the sections while the containers still exist, which is before the fixtures are torn down."""
    report = yield
    engine = getattr(item, "funcargs", {}).get("docker_engine")
    if report.failed and report.when != "teardown" and isinstance(engine, DockerEngine):
        report.sections.extend(describe(engine))
    return report


def describe(engine: DockerEngine) -> list[tuple[str, str]]:
    """Return (title, text) for the list of this session's containers and for each of them."""
    try:
        found = engine.client.containers.list(all=True, filters={"label": f"{LABEL}={engine.session}"})
    except DockerException as error:
        return [("docker", f"the engine does not answer: {error}")]
    listing = "\n".join(f"{one.short_id} {one.status:10} {one.name}" for one in found) or "none"
    sections = [("docker containers of this session", listing)]
    for container in found:
        sections += _describe_one(container)
    return sections


def _describe_one(container: Container) -> list[tuple[str, str]]:
    try:
        logs = container.logs(tail=LOG_LINES, timestamps=True).decode(errors="replace")
    except APIError as error:
        logs = f"no logs: {error}"
    state = {key: container.attrs.get(key) for key in INSPECT_KEYS}
    # The environment holds tokens; a test report is no place for them.
    state["Config"] = {k: v for k, v in (state["Config"] or {}).items() if k != "Env"}
    return [
        (f"docker logs {container.name}", logs),
        (f"docker inspect {container.name}", json.dumps(state, indent=1, default=str)),
    ]
