"""What a cell shows: a widget where that is possible, and beside it HTML and text that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .finding import Source

if TYPE_CHECKING:
    from .widget import ViewWidget


class View(Protocol):
    """What is shown of a project.

    Attributes:
        name: Of its script in ``js``.
        pause: Seconds between two looks.
    """

    name: str
    pause: float

    def load(self, source: Source) -> bool:
        """Read what is shown; True when something has changed. Called by one thread at a time."""

    def data(self) -> dict[str, Any]:
        """For the widget: values of JSON."""

    def html(self) -> str:
        """Without a script."""

    def text(self) -> str:
        """In plain text."""


class Shown:
    """Something that a notebook shows.

    Args:
        view: What.
        source: Of which project. It is read once, here, so that what is shown without a widget is there at once.

    Raises:
        DotscienceError: the project cannot be read.
    """

    def __init__(self, view: View, source: Source) -> None:
        self._view, self._source = view, source
        self._widget: ViewWidget | None = None
        view.load(source)

    def refresh(self) -> None:
        """Read it again now. A widget that is shown does so by itself."""
        if self._widget is not None:
            self._widget.refresh()
        else:
            self._view.load(self._source)

    def close(self) -> None:
        """Show nothing more, and stop reading."""
        if self._widget is not None:
            self._widget.close()
            self._widget = None

    def __repr__(self) -> str:
        return self._view.text()

    def _repr_html_(self) -> str:
        return self._view.html()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """All forms; who shows them takes the best one that it can."""
        forms = {"text/plain": self._view.text(), "text/html": self._view.html()}
        try:
            from .widget import ViewWidget
        except ImportError:  # without anywidget there is no other form
            return forms, {}
        if self._widget is None:
            self._widget = ViewWidget.of(self._view, self._source)
        data, metadata = self._widget.bundle()
        return {**data, **forms}, metadata
