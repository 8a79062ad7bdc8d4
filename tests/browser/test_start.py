"""A page of which a part does not come: it is fetched again, and then it is said."""

from __future__ import annotations

from typing import Any

from .conftest import Visitor

PART = "**/static/app/assets/useQuery-*.js"


def test_a_part_that_is_lost_once_is_fetched_again(visitor: Visitor) -> None:
    """A connection that breaks while the page loads leaves no empty page: it is there after a moment."""
    lost: list[str] = []

    def lose_once(route: Any) -> None:
        lost.append(route.request.url)
        if len(lost) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    visitor.page.context.route(PART, lose_once)
    visitor.open("tasks").get_by_role("heading", name="Tasks").wait_for()
    visitor.page.context.unroute(PART)
    assert len(lost) > 1


def test_a_part_that_never_comes_is_said(visitor: Visitor) -> None:
    """After another try the page says what is wrong, and is whole when it is loaded again later."""
    visitor.page.context.route(PART, lambda route: route.abort("connectionreset"))
    page = visitor.open("tasks")
    page.get_by_role("alert").get_by_text("did not come whole").wait_for()
    visitor.page.context.unroute(PART)
    page.reload()
    page.get_by_role("heading", name="Tasks").wait_for()
    assert page.get_by_role("alert").count() == 0
