"""Row 8: the image without `-I`."""

from __future__ import annotations

from .site import Person


def test_python_3_with_the_library(person: Person, project: str) -> None:
    """`python3` and `import dotscience` work in it, and the task says which image it was."""
    program = "import sys, dotscience; print(sys.version_info[0], dotscience.__name__)"
    assert person.run(project, "python3", "-c", program).stdout == b"3 dotscience\n"
    [newest] = person("task", "ls", "-q", "--project", project).splitlines()
    assert person.task(newest)["workload"]["image"] == "python:3"
