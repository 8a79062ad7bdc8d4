"""Make :mod:`._methods` from ROUTES, so that type checkers and editors know the client's methods.

``python -m jupyter_dotscience.client.generate`` writes it; with ``--check`` it fails when the file lags behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_dotscience.api.routes import ROUTES, Raw, Route, Stream

LINE = 120
TARGET = Path(__file__).with_name("_methods.py")

_HEAD = '''"""One typed method per endpoint. Made by `python -m jupyter_dotscience.client.generate`; do not edit."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, TypeVar

{modules}

from .body import Content
from .responses import ItemStream, Reader

T = TypeVar("T")


class Methods(abc.ABC):
    """The endpoints of the hub; :class:`~jupyter_dotscience.client.Client` sends the requests.

    Every method takes ``timeout``, the seconds to wait for the next byte of the answer, and raises
    :class:`~jupyter_dotscience.api.problems.Unreachable` when there is none and
    :class:`~jupyter_dotscience.api.problems.ApiError` when the hub answers with a problem.
    """

    @abc.abstractmethod
    def _json(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> T: ...

    @abc.abstractmethod
    def _empty(self, name: str, path: Mapping[str, str], **rest: Any) -> None: ...

    @abc.abstractmethod
    def _text(self, name: str, path: Mapping[str, str], **rest: Any) -> str: ...

    @abc.abstractmethod
    def _bytes(self, name: str, path: Mapping[str, str], *, start: int = 0, **rest: Any) -> Reader: ...

    @abc.abstractmethod
    def _stream(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> ItemStream[T]: ...
'''


def source() -> str:
    """The text of the module."""
    kinds = [kind for route in ROUTES for kind in (route.request, route.query, _result(route)) if kind is not None]
    modules = sorted({_module(kind) for kind in kinds if not isinstance(kind, Raw)})
    return _HEAD.format(modules=_imports(modules)) + "".join(_method(route) for route in ROUTES)


def _imports(modules: list[str]) -> str:
    line = f"from jupyter_dotscience.api import {', '.join(modules)}"
    if len(line) <= LINE:
        return line
    return "from jupyter_dotscience.api import (\n" + "".join(f"    {module},\n" for module in modules) + ")"


def _module(kind: Any) -> str:
    return str(kind.__module__.rpartition(".")[2])


def _name(kind: Any) -> str:
    return f"{_module(kind)}.{kind.__name__}"


def _result(route: Route) -> Any:
    return route.response.item if isinstance(route.response, Stream) else route.response


def _method(route: Route) -> str:
    helper, returns, kind = _answer(route)
    path = "{" + ", ".join(f'"{name}": {name}' for name in route.parameters) + "}"
    passed = [f"{name}={name}" for name in _passed(route)]
    arguments = [*([kind] if kind else []), f'"{route.name}"', path, *passed, "timeout=timeout"]
    head = _wrap(f"    def {route.name}(", ["self", *_signature(route)], f") -> {returns}:")
    verb = "" if returns == "None" else "return "
    call = _wrap(f"        {verb}self.{helper}(", arguments, ")")
    return f'\n{head}\n        """{route.summary}"""\n{call}\n'


def _wrap(start: str, items: list[str], end: str) -> str:
    """A parenthesis in one line, or its content in one line, or one item a line, as ruff's formatter has it."""
    joined = ", ".join(items)
    if len(start + joined + end) <= LINE:
        return start + joined + end
    margin = " " * (len(start) - len(start.lstrip()))
    if len(margin) + 4 + len(joined) <= LINE:
        return f"{start}\n{margin}    {joined}\n{margin}{end}"
    return f"{start}\n" + "".join(f"{margin}    {item},\n" for item in items) + margin + end


def _answer(route: Route) -> tuple[str, str, str]:
    """The helper that reads the answer, the type it gives, and the helper's first argument."""
    if route.response is None:
        return "_empty", "None", ""
    if isinstance(route.response, Stream):
        name = _name(route.response.item)
        return "_stream", f"ItemStream[{name}]", name
    if isinstance(route.response, Raw):
        return ("_text", "str", "") if route.response is Raw.TEXT else ("_bytes", "Reader", "")
    name = _name(route.response)
    return "_json", name, name


def _signature(route: Route) -> list[str]:
    parts: list[str] = []
    if route.request is not None:
        parts.append("request: Content" if isinstance(route.request, Raw) else f"request: {_name(route.request)}")
    parts.append("*")
    parts.extend(f"{name}: str" for name in route.parameters)
    if isinstance(route.request, Raw):
        parts.append("length: int | None = None")
    if route.query is not None:
        required = any(field.required for field in _fields(route.query))
        parts.append(f"query: {_name(route.query)}" + ("" if required else " | None = None"))
    if route.idempotency:
        parts.append("idempotency_key: str | None = None")
    if "{sha256}" in route.path and route.response is Raw.BYTES:
        parts.append("start: int = 0")
    parts.append("timeout: float | None = None")
    return parts


def _fields(kind: Any) -> Any:
    from msgspec.structs import fields

    return fields(kind)


def _passed(route: Route) -> list[str]:
    names = {
        "request": route.request is not None,
        "length": isinstance(route.request, Raw),
        "query": route.query is not None,
        "idempotency_key": route.idempotency,
        "start": "{sha256}" in route.path and route.response is Raw.BYTES,
    }
    return [name for name, there in names.items() if there]


def main(arguments: list[str]) -> int:
    """Write the module, or say that it lags behind."""
    if arguments == ["--check"]:
        current = TARGET.exists() and TARGET.read_text() == source()
        if not current:
            sys.stderr.write("client/_methods.py is not what ROUTES says; run this without --check.\n")
        return 0 if current else 1
    TARGET.write_text(source())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
