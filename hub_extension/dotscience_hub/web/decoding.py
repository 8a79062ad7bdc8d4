"""Query strings and JSON bodies into the contract's Structs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

from jupyter_dotscience.api._base import Id, Name, Sha1
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.routes import Route

MAX_JSON = 64 * 1024 * 1024
"""Bytes of a JSON body at the most."""


def decode_query(route: Route, arguments: Mapping[str, Sequence[bytes]]) -> Any:
    """The route's query Struct from the parameters of an address, or None where it takes none.

    Raises:
        BadRequest: An unknown, doubled or impossible parameter, by name.
    """
    known = _fields(route.query) if route.query is not None else {}
    values: dict[str, Any] = {}
    for name, given in arguments.items():
        if name not in known:
            raise BadRequest(_unknown(name, known), detail={"parameter": name[:200]})
        values[name] = _value(name, given, listed=known[name])
    if route.query is None:
        return None
    try:
        return msgspec.convert(values, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"A parameter of the address is not valid: {_in_words(error)}.") from None


def _unknown(name: str, known: Mapping[str, bool]) -> str:
    choices = f"known are {', '.join(sorted(known))}" if known else "this address takes none"
    return f"There is no parameter {name[:200]!r}; {choices}."


def _value(name: str, given: Sequence[bytes], *, listed: bool) -> str | list[str]:
    try:
        texts = [value.decode() for value in given]
    except UnicodeDecodeError:
        raise BadRequest(f"The parameter {name!r} is not UTF-8.", detail={"parameter": name}) from None
    if any("\0" in text for text in texts):
        # Nothing here has a NUL in its name, and PostgreSQL takes none in a text.
        raise BadRequest(f"The parameter {name!r} holds a NUL byte.", detail={"parameter": name})
    if listed:
        return texts
    if len(texts) > 1:
        raise BadRequest(f"The parameter {name!r} is given {len(texts)} times.", detail={"parameter": name})
    return texts[0]


@cache
def _fields(struct: Any) -> dict[str, bool]:
    """The names of a Struct's fields, each with whether it holds a list."""
    return {field.encode_name: _is_list(field.type) for field in msgspec.structs.fields(struct)}


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return True
    return any(_is_list(part) for part in get_args(annotation))


def decode_json(route: Route, raw: bytes | bytearray) -> Any:
    """The route's request Struct from a body.

    Raises:
        BadRequest: Not JSON, or not what the route takes; names the field.
    """
    if not raw:
        raise BadRequest("The request needs a JSON body.")
    try:
        return _decoder(route.request).decode(raw)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The request is not valid: {_in_words(error)}.") from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"The request's body is not JSON: {error}.") from None
    except UnicodeDecodeError:
        raise BadRequest("The request's body is not JSON: it holds bytes that are not UTF-8.") from None
    except RecursionError:
        raise BadRequest("The request's body is nested too deeply.") from None


def _in_words(error: msgspec.ValidationError) -> str:
    """What msgspec says, with words for the patterns of the contract that people meet."""
    text = str(error)
    for kind, words in ((Name, "a name without '/' and control characters"), (Id, "an id"), (Sha1, "a commit's id")):
        pattern = get_args(kind)[1].pattern
        text = text.replace(f"`str` matching regex {pattern!r}", words)
    return text


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
