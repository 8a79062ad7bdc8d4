"""Models: a label that says which files of a run are a model, and of what kind."""

from __future__ import annotations

from dotscience._files import relative


def label(kind: object, files: dict[str, object], root: str) -> str:
    """The label's value: compact JSON with the files, the kind of model and the version of the framework.

    Args:
        kind: the framework's module, such as `tensorflow`, `sklearn` or `torch`.
        files: by role (``model``, ``classes``), relative to the current folder.
        root: the root of the workspace, which the recorded paths are relative to.

    Raises:
        RuntimeError: ``kind`` has no ``__name__`` or no ``__version__``.
    """
    import json

    name, version = getattr(kind, "__name__", None), getattr(kind, "__version__", None)
    if name is None or version is None:
        raise RuntimeError(
            f"Unknown kind of model: {kind!r}. Give the framework's module, which has a name and a version, "
            "for example: ds.model(sklearn, 'digits', 'model.joblib')."
        )
    content = {
        "files": {role: relative(path, root) for role, path in files.items()},
        "type": f"{name}-model",
        "version": str(version),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
