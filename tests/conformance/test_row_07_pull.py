"""Row 7: waiting for an image that the runner does not have yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.screen import Screen
from tests.docker.registry import Registry, registry
from tests.services.docker_engine import DockerEngine

from .site import Person, own_runner
from .throttle import throttled

RATE = 4e6
MEGABYTES = 24

pytestmark = pytest.mark.docker


def test_how_far_the_pull_is_moves_on_a_terminal(person: Person, docker_engine: DockerEngine, tmp_path: Path) -> None:
    """A line with a bar that is gone afterwards; what went wrong then (the image has no program) stays."""
    with (
        registry(tmp_path) as images,
        throttled(images.port, RATE) as port,
        own_runner(person, tmp_path, "pulls", "pulls=", backend="docker"),
    ):
        image, _ = Registry(port).push(docker_engine.client, "slow", MEGABYTES)
        try:
            with person.terminal("run", "-p", person.project(), "-r", "pulls=", "-I", image, "true") as terminal:
                at = terminal.expect(f"{image}: downloading ".encode())
                terminal.expect("━".encode(), at)
                assert terminal.end() == 127
        finally:
            docker_engine.client.images.remove(image, force=True)
    lines = Screen(terminal.seen).lines
    assert lines[0] == f"Error: command not found: true in image {image}"
    assert not [line for line in lines if "downloading" in line]
