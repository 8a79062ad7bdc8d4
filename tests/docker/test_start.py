"""A task is started once, whatever happened in between."""

from __future__ import annotations

from typing import Any

import pytest
from dotscience_runner.backends.base import BackendError
from dotscience_runner.backends.docker.attach import Attachment

from .conftest import Runner, text

pytestmark = pytest.mark.docker


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it is run."""


def test_an_agent_that_dies_between_create_and_start_starts_it_later(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process finds the container that was created and starts that one."""
    spec = runner.spec("open('starts', 'a').write('x'); print('ran')")
    launcher = runner.backend._launcher
    monkeypatch.setattr(launcher, "_start", lambda *_: (_ for _ in ()).throw(Killed))
    # A process that is killed does not tidy up either.
    monkeypatch.setattr(runner.backend._engine.api, "remove_container", lambda *_, **__: None)
    with pytest.raises(Killed):
        runner.backend.start(spec)
    (created,) = runner.engine.client.containers.list(all=True, filters={"label": f"dotscience.task={spec.task}"})
    assert created.status == "created"
    later = runner.make()
    handle = runner.start(spec, later)
    assert handle["container"] == created.id
    assert text(list(later.logs(handle, None))) == b"ran\n"
    assert (spec.workspace / "starts").read_text() == "x"


def test_two_runners_of_one_engine_may_have_the_same_task(runner: Runner, docker_engine: Any, tmp_path: Any) -> None:
    """A runner that was given a lost task does not take over the container of the one that lost it."""
    other = Runner(docker_engine, tmp_path / "other")
    spec = runner.spec("import time; time.sleep(1000)")
    first = runner.start(spec)
    second_spec = other.spec("print('mine')", task=spec.task)
    second = other.start(second_spec)
    try:
        assert first["container"] != second["container"]
        assert first["name"] == f"ds-{spec.task}"
        assert text(list(other.backend.logs(second, None))) == b"mine\n"
        assert other.start(second_spec) == second
        assert runner.make().start(spec) == first
    finally:
        other.backend.cleanup(second)
        other.backend.close()
    assert runner.backend.poll(first).state == "running"


def test_a_task_can_be_started_again_right_after_its_cleanup(runner: Runner) -> None:
    """The name is free when cleanup returns."""
    spec = runner.spec("print('again')")
    for _ in range(3):
        handle = runner.start(spec)
        runner.backend.cleanup(handle)
    assert text(list(runner.backend.logs(runner.start(spec), None))) == b"again\n"


def test_an_image_that_is_not_there_is_a_sentence(runner: Runner) -> None:
    """Pruned between prepare and start."""
    with pytest.raises(BackendError, match="ds-test-no-such-image is not on the engine any more"):
        runner.start(runner.spec("print()", image="ds-test-no-such-image"))


def test_an_attachment_that_is_let_go_does_not_end_the_task(runner: Runner) -> None:
    """Nor do its readers hang."""
    spec = runner.spec("import os, time\nprint('a')\nwhile not os.path.exists('go'): time.sleep(.01)\nprint('b')")
    handle = runner.start(spec)
    attachment: Attachment = runner.backend._attached[handle["container"]]
    attachment.close()
    logs = runner.backend.logs(handle, None)
    assert next(logs).data == b"a\n"
    (spec.workspace / "go").touch()
    assert text(list(logs)) == b"b\n"
    assert runner.backend.poll(handle).exit_code == 0
