"""Services and ROUTES are put together, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from dotscience_hub.web.binding import BindingError, Kind, bind

from jupyter_dotscience.api.routes import BY_NAME

GET, STOP, LOGS, PUT = (BY_NAME[name] for name in ("get_project", "stop_task", "read_logs", "put_object"))


class Fits:
    def get_project(self, caller: Any, *, project: str) -> None: ...

    async def stop_task(self, caller: Any, *, task: str) -> None: ...

    async def read_logs(self, caller: Any, *, task: str, query: Any) -> AsyncIterator[bytes]:
        yield b""

    async def put_object(self, caller: Any, *, project: str, sha256: str, body: Any) -> None: ...


def test_methods_are_found_by_name_with_how_they_run() -> None:
    """A plain function runs on a thread, a coroutine on the loop, a generator streams."""
    kinds = [endpoint.kind for endpoint in bind([object(), Fits()], [GET, STOP, LOGS, PUT])]
    assert kinds == [Kind.THREAD, Kind.COROUTINE, Kind.STREAM, Kind.COROUTINE]


def test_a_route_without_a_method_is_refused_by_name() -> None:
    """What is missing is named with method and path."""
    with pytest.raises(BindingError, match=r"get_project \(GET /projects/\{project\}\)"):
        bind([object()], [GET])


def test_two_methods_for_one_route_are_refused() -> None:
    """Nobody has to guess which of two services answers."""
    with pytest.raises(BindingError, match="Several services serve get_project: Fits, Fits"):
        bind([Fits(), Fits()], [GET])


def test_arguments_that_do_not_fit_are_refused() -> None:
    """A method that cannot take the path's parameters is found before the first request."""

    class Wrong:
        def get_project(self, caller: Any, *, name: str) -> None: ...

    with pytest.raises(BindingError, match=r"must take \(caller, project\)"):
        bind([Wrong()], [GET])


@pytest.mark.parametrize("name", ["read_logs", "put_object", "create_project"])
def test_a_method_that_runs_in_the_wrong_way_is_refused(name: str) -> None:
    """A stream is a generator, an upload a coroutine, what has an idempotency key a plain function."""

    async def coroutine(caller: Any, **_: Any) -> None: ...

    def function(caller: Any, **_: Any) -> None: ...

    wrong = type("Wrong", (), {name: staticmethod(function if name == "put_object" else coroutine)})
    with pytest.raises(BindingError, match="must be"):
        bind([wrong()], [BY_NAME[name]])
