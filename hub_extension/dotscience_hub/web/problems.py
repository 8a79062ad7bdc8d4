"""From whatever went wrong to the one error body."""

from __future__ import annotations

import http

from tornado.web import HTTPError

from jupyter_dotscience.api.problems import ApiError, Problem

_SENTENCES = {
    400: ("bad_request", "The request is not valid HTTP for this hub."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not know that method."),
    500: ("server_error", "The hub failed."),
    502: ("unavailable", "JupyterHub does not answer the service; try again in a moment."),
}


class MethodNotAllowed(ApiError):
    """The address exists, the method does not."""

    status = 405
    default_code = "method_not_allowed"


class RangeNotSatisfiable(ApiError):
    """The range that was asked for lies outside of the content."""

    status = 416
    default_code = "range_not_satisfiable"


def is_expected(error: BaseException | None) -> bool:
    """Whether an error is an answer rather than a defect."""
    if isinstance(error, HTTPError):
        return error.status_code < 500
    return isinstance(error, ApiError)


def problem_of(error: BaseException | None, request_id: str) -> Problem:
    """The body for an error. Of an unexpected one it tells nothing but where to look.

    Args:
        error: What was raised.
        request_id: Stands in the log beside the traceback.
    """
    if isinstance(error, ApiError):
        return error.problem
    if isinstance(error, HTTPError) and error.status_code != 500:
        return _of_status(error.status_code)
    message = f"The hub failed; its log has the reason under request {request_id}."
    return Problem(status=500, code="server_error", message=message, detail={"request": request_id})


def _of_status(status: int) -> Problem:
    """What tornado and JupyterHub's helpers raise; their texts can hold internals, so they are not passed on."""
    if status in _SENTENCES:
        code, message = _SENTENCES[status]
        return Problem(status=503 if status == 502 else status, code=code, message=message)
    phrase = http.HTTPStatus(status).phrase if status in list(http.HTTPStatus) else "error"
    return Problem(status=status, code=phrase.lower().replace(" ", "_"), message=f"{phrase}.")
