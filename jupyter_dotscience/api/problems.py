"""The one error body of every endpoint, and the exceptions that carry it.

::

    DotscienceError
    ├── Unreachable                the hub did not answer
    └── ApiError                   the hub answered with a Problem
        ├── BadRequest        400  the request is malformed or names something impossible
        ├── NotLoggedIn       401  no, a wrong or an expired token
        ├── Forbidden         403  known, but not allowed
        ├── NotFound          404  not there, or not yours to see
        ├── Conflict          409  the state does not allow it
        │   └── LeaseLost     409  the task was given to another runner; stop working on it
        ├── TooLarge          413  over a limit
        ├── TooEarly          425  log or point sequence with a gap; ``detail["next"]`` says where to go on
        └── Unavailable       503  for now; try again
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer with a status of 400 or above.

    ``code`` is for programs (stable), ``message`` one sentence for people that says what to do, ``detail`` more facts.
    """

    status: int
    code: str
    message: str
    detail: dict[str, Any] | None = None


class DotscienceError(Exception):
    """Base of every error this project raises on purpose. Its text is one sentence for people."""


class Unreachable(DotscienceError):
    """The hub did not answer: no network, no such host, refused, or timed out."""


class ApiError(DotscienceError):
    """The hub answered with a :class:`Problem`."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.detail = detail

    @property
    def problem(self) -> Problem:
        """This error as the body that travels."""
        return Problem(status=self.status, code=self.code, message=str(self), detail=self.detail)


class BadRequest(ApiError):
    """The request is malformed, or names something impossible."""

    status = 400
    default_code = "bad_request"


class NotLoggedIn(ApiError):
    """No token, a wrong one, or an expired one."""

    status = 401
    default_code = "not_logged_in"


class Forbidden(ApiError):
    """Known, but not allowed to do it."""

    status = 403
    default_code = "forbidden"


class NotFound(ApiError):
    """Not there, or not the caller's to see."""

    status = 404
    default_code = "not_found"


class Conflict(ApiError):
    """The state of things does not allow it."""

    status = 409
    default_code = "conflict"


class LeaseLost(Conflict):
    """The task was given to another runner; stop working on it."""

    default_code = "lease_lost"


class TooLarge(ApiError):
    """Over a limit."""

    status = 413
    default_code = "too_large"


class TooEarly(ApiError):
    """A sequence has a gap; ``detail["next"]`` says where to go on."""

    status = 425
    default_code = "gap"


class Unavailable(ApiError):
    """Not now; try again."""

    status = 503
    default_code = "unavailable"


class ServerError(ApiError):
    """The hub failed: a defect or a full disk; its log has the reason."""


_BY_STATUS: dict[int, type[ApiError]] = {
    cls.status: cls for cls in (BadRequest, NotLoggedIn, Forbidden, NotFound, Conflict, TooLarge, TooEarly, Unavailable)
}


def from_problem(problem: Problem) -> ApiError:
    """The exception for a problem that came over the wire."""
    if problem.code == LeaseLost.default_code:
        return LeaseLost(problem.message, detail=problem.detail)
    cls = _BY_STATUS.get(problem.status)
    if cls is None:
        cls = BadRequest if 400 <= problem.status < 500 else ServerError
    return cls(problem.message, code=problem.code, detail=problem.detail)
