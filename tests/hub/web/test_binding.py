"""Services and ROUTES are put together, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from dotscience_hub.services.caller import Caller
from dotscience_hub.store.database import Database
from dotscience_hub.web.binding import BindingError, Kind, bind
from dotscience_hub.web.dispatch import Call, Dispatcher

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.routes import BY_NAME, Route

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


def test_what_is_prepared_is_found_with_its_route() -> None:
    """Only for routes that share a transaction with their key: for others it would never be called."""

    class Prepares(Fits):
        def prepare_create_project(self, caller: Any, *, body: Any) -> None: ...

        def create_project(self, caller: Any, *, body: Any) -> None: ...

        def prepare_get_project(self, caller: Any, *, project: str) -> None: ...

    [endpoint] = bind([Prepares()], [BY_NAME["create_project"]])
    assert endpoint.prepare is not None
    with pytest.raises(BindingError, match="never called"):
        bind([Prepares()], [GET])


def test_preparing_is_outside_of_the_transaction_and_once(sqlite_database: Database) -> None:
    """A request that was answered is answered again without it; one whose preparation fails makes nothing."""
    done: list[tuple[str, bool]] = []

    def inside() -> bool:
        with sqlite_database.read() as session:
            return bool(session.info.get("writing", False))

    class Service:
        def prepare_create_project(self, caller: Any, *, body: Any) -> None:
            if body.name == "refused":
                raise BadRequest("No.")
            done.append(("prepare", inside()))

        def create_project(self, caller: Any, *, body: Any) -> dict[str, str]:
            with sqlite_database.write() as session:
                session.info["writing"] = True
            done.append(("create", inside()))
            return {}

    [endpoint] = bind([Service()], [BY_NAME["create_project"]])
    with ThreadPoolExecutor(1) as pool:
        dispatcher = Dispatcher(Anybody(), sqlite_database, pool)
        caller = Caller(Principal.USER, "ada")

        def call(name: str) -> Any:
            made = Call(endpoint, caller, {}, body=msgspec.json.encode({"name": name}), key=name)
            return asyncio.run(dispatcher.in_one_step(made))

        assert call("a") == call("a") == b"{}"
        for _ in range(2):
            with pytest.raises(BadRequest):
                call("refused")
    assert done == [("prepare", False), ("create", True)]


class Anybody:
    def check(self, route: Route, caller: Caller | None, parameters: Mapping[str, str], /) -> Caller | None:
        return caller
