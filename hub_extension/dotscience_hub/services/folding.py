"""A folder as people look at it: its files, and its folders in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_dotscience.api.files import FileVersion, Folder, Tree


def folded(commit: str, items: Sequence[FileVersion], prefix: str) -> Tree:
    """The files right in a folder, and the number and size of the files of each folder in it.

    Args:
        commit: The version.
        items: All files below the folder, sorted by path.
        prefix: The folder; empty for the workspace itself.
    """
    folder = prefix.strip("/")
    skip = len(folder) + 1 if folder else 0
    files: list[FileVersion] = []
    numbers: dict[str, tuple[int, int]] = {}
    for item in items:
        name, slash, _ = item.path[skip:].partition("/")
        if not slash:
            files.append(item)
            continue
        count, size = numbers.get(name, (0, 0))
        numbers[name] = count + 1, size + item.size
    above = f"{folder}/" if folder else ""
    folders = [Folder(path=above + name, files=count, size=size) for name, (count, size) in numbers.items()]
    return Tree(commit=commit, items=files, folders=folders)
