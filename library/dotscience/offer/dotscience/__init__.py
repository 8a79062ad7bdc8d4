# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ANN - a name imported for a type would have to be removed again
"""Offers the library to a task without hiding a `dotscience` that the task's own Python has.

How it is laid out: this folder is part of the package it offers, ``dotscience/offer/dotscience/``. Whoever
starts a task shows it the package's folder, under a path that still ends in ``dotscience``, and puts its
subfolder ``offer`` at the end of the task's ``PYTHONPATH``. Nothing has to be written, so a read-only mount
serves. The package's folder is ``importlib.util.find_spec("dotscience").submodule_search_locations[0]``.

``PYTHONPATH`` comes before site-packages, so `import dotscience` finds this file first. It looks for another
`dotscience` as Python would without it, and takes the one of the enclosing package only if there is none.
What it finds then runs in this very module object, as if this file had never been there.
Python 3.8 and later.
"""


class _Offer:
    """Turns the module that this file makes into the library that was meant.

    Args:
        module: the module being imported.
        file: where this file is.
    """

    def __init__(self, module, file):
        import os

        self.os = os
        self.module = module
        self.folder = self.above(file)
        # One offer may find a second one, in a task started from a task: each hides itself from the next.
        self.hidden = module.__dict__.setdefault("_hidden", set())
        self.hidden.add(self.folder)

    def above(self, file):
        """The folder that the package with this ``__init__`` file lies in, without symbolic links."""
        return self.os.path.dirname(self.os.path.dirname(self.os.path.realpath(file)))

    def take_place(self):
        """Turn the module into the library."""
        self.become(self.find())

    def find(self):
        """The spec of the library to use.

        Raises:
            ImportError: this file lies outside its package, and there is no other `dotscience`.
        """
        import sys
        from importlib.machinery import PathFinder

        for finder in list(sys.meta_path):
            spec = self.other(finder, PathFinder, sys.path)
            # A folder of data that has the name, say, is a namespace package and has no origin.
            if spec is not None and spec.origin and self.above(spec.origin) not in self.hidden:
                return spec
        package = self.os.path.dirname(self.folder)
        spec = PathFinder.find_spec("dotscience", [self.os.path.dirname(package)])
        if spec is None:
            raise ImportError("There is no `dotscience` package around " + self.folder)
        return spec

    def other(self, finder, path_finder, path):
        """What one of Python's finders says when this offer is not there."""
        if finder is path_finder:
            # Python skips entries that are no text, so they must not be an error here.
            texts = [entry for entry in path if isinstance(entry, str)]
            path = [entry for entry in texts if self.os.path.realpath(entry) not in self.hidden]
            return finder.find_spec("dotscience", path)
        # Such as those of editable installs; very old ones have no such method.
        return finder.find_spec("dotscience", None) if hasattr(finder, "find_spec") else None

    def become(self, spec):
        """Run the library's code in this module, and leave nothing of this file there."""
        module = self.module
        module.__doc__ = None
        module.__file__ = spec.origin
        module.__cached__ = spec.cached
        module.__loader__ = spec.loader
        if spec.submodule_search_locations is None:
            del module.__path__
        else:
            module.__path__ = spec.submodule_search_locations
        module.__dict__.pop("_Offer", None)
        spec.loader.exec_module(module)
        module.__dict__.pop("_hidden", None)
        # Last of all: by the old one Python knows that the import is under way, and makes other threads wait.
        module.__spec__ = spec


_Offer(__import__("sys").modules[__name__], __file__).take_place()
