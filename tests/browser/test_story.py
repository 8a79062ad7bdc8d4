"""The whole story: login, project, JupyterLab on a runner, runs, a colleague, a killed agent, another runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.client import Client
from tests.hubprocess import RunningHub
from tests.services.docker_engine import DockerEngine, sweep_tasks

from .conftest import barriers, log_in
from .story import Story
from .test_panel import BUILT

pytest.importorskip("jupyterlab")
Tell = Callable[..., Story]


@pytest.fixture
def tell(chromium: Any, running_hub: RunningHub, tmp_path: Path) -> Iterator[Tell]:
    """Begins a story with two people who log in through the login page, each in a window of their own."""
    told: list[Story] = []

    def begin(*backend: str, image: str = "") -> Story:
        owner, colleague = log_in(chromium, running_hub), log_in(chromium, running_hub)
        for visitor in (owner, colleague):
            visitor.page.set_default_timeout(60_000)
        told.append(Story(owner, colleague, Client(running_hub.url, owner.token), tmp_path, backend, image))
        return told[-1]

    yield begin
    for story in told:
        story.close()
        story.owner.page.context.close()
        story.colleague.page.context.close()


def _tell_all(story: Story) -> Story:
    story.add_runner("attic")
    story.add_runner("cellar")
    story.create_project()
    story.start("attic")
    story.run_cells(0, 1)
    story.sees_runs_in_panel()
    story.let_colleague_in()
    assert barriers(story.owner, f"tasks/{story.task.id}", "Who may open it") == []
    story.colleague_edits("notes.txt", "seen by a colleague ")
    story.colleague_uploads("theirs.txt")
    story.restart_agent("attic")
    story.run_cells(2)
    story.await_saved_outputs()
    story.sees_all_on_pages()
    story.stop()
    assert story.on_main("theirs.txt") == b"from a colleague\n"
    story.start("cellar")
    story.sees_outputs()
    story.sees_runs_in_panel()
    story.sees_version_in_panel("notes.txt", story.owner.name)
    editor = story.lab.locator(".jp-FileEditor .cm-content", has_text="seen by a colleague to do: everything")
    editor.wait_for()
    assert editor.text_content() == "seen by a colleague to do: everything"
    story.stop()
    return story


@pytest.mark.timeout(600)
def test_the_whole_story(tell: Tell) -> None:
    """Nothing is lost, whatever ends in between: it is there on another runner, and on the hub's pages."""
    assert BUILT.exists(), "the JupyterLab extension is not built (make lab)"
    assert _tell_all(tell("--backend", "process")).owner.complaints == []


@pytest.mark.thorough
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_story_in_containers(tell: Tell, lab_image: str, docker_engine: DockerEngine, tmp_path: Path) -> None:
    """The same where JupyterLab runs in a container of the image that we build."""
    assert _tell_all(tell("--backend", "docker", image=lab_image)).owner.complaints == []
    sweep_tasks(docker_engine.client, tmp_path)
