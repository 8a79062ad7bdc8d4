"""The widget around a view: its data to the page, and from the page whether anybody sees it."""

from __future__ import annotations

import types
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .feed import Feed
from .finding import Source
from .shown import View

_SCRIPTS = Path(__file__).parent / "js"


class ViewWidget(anywidget.AnyWidget):
    """Shows a view. Made by :meth:`of`.

    Attributes:
        data: Of the view.
        note: What goes wrong at the moment, in one sentence.
    """

    data = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    @classmethod
    def of(cls, view: View, source: Source) -> ViewWidget:
        """A widget for a view, which goes on from here by itself."""
        return _kind(view.name)(view, source)

    def __init__(self, view: View, source: Source) -> None:
        super().__init__(data=view.data())
        self._view, self._source = view, source
        self.on_msg(self._hear)
        self._feed = Feed(self._look, self._fail, view.pause)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What names the widget to a page."""
        found: Any = super()._repr_mimebundle_()
        return found if isinstance(found, tuple) else (found or {}, {})

    def refresh(self) -> None:
        """Read again now."""
        self._feed.refresh()

    def close(self) -> None:
        """End the thread, and the page's part."""
        feed = getattr(self, "_feed", None)  # `close` is called, too, for one that could not be made
        if feed is not None:
            feed.close()
        super().close()

    def _look(self) -> None:
        if self._view.load(self._source):
            self.data = self._view.data()

    def _fail(self, note: str) -> None:
        self.note = note

    def _hear(self, _: object, content: object, __: object) -> None:
        """A message of a page; anything may be in it."""
        if isinstance(content, dict) and content.get("kind") == "seen":
            self._feed.see(str(content.get("page"))[:40], visible=content.get("visible") is True)


@cache
def _kind(name: str) -> type[ViewWidget]:
    """The class for a kind of view: anywidget tells scripts apart by class."""
    script = "\n".join((_SCRIPTS / f"{part}.js").read_text(encoding="utf-8") for part in ("base", name))
    style = (_SCRIPTS / "base.css").read_text(encoding="utf-8")
    parts = {"_esm": script, "_css": style, "__module__": __name__}
    return types.new_class(f"{name.capitalize()}Widget", (ViewWidget,), exec_body=lambda body: body.update(parts))
