"""requirements.txt of the workspace: kernels have what it names, and an error in it stops nobody."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from .conftest import Study
from .kernel import Kernel
from .server import wait_for

pytestmark = pytest.mark.thorough

ALWAYS = "--DotscienceExtension.requirements=always"


def make_wheel(folder: Path) -> str:
    """A package of one module, as a file that pip can install without any network; answers its name."""
    name = "dstestpackage-1.0-py3-none-any.whl"
    told = "dstestpackage-1.0.dist-info"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("dstestpackage.py", "ANSWER = 42\n")
        wheel.writestr(f"{told}/METADATA", "Metadata-Version: 2.1\nName: dstestpackage\nVersion: 1.0\n")
        wheel.writestr(
            f"{told}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{told}/RECORD", "")
    return name


def test_a_kernel_has_what_the_file_names(study: Study) -> None:
    """Installed in the background, over what JupyterLab has; a mistake in the file is told, and kernels still start."""
    folder = study.clone(study.project)
    (folder / "requirements.txt").write_text(f"./{make_wheel(folder)}\n")
    with study.jupyter(folder, ALWAYS) as server:
        state = wait_for(
            lambda: (now := server.status()["environment"])["state"] == "ready" and now, "the environment", 150
        )
        assert "requirements.txt" in state["message"]
        with Kernel(server, "a.ipynb") as kernel:
            assert kernel.run("import dstestpackage, ipykernel; print(dstestpackage.ANSWER)") == "42\n"
        server.save("requirements.txt", "./no-such-package-1.0-py3-none-any.whl\n")
        said = wait_for(lambda: (now := server.status()["environment"])["state"] == "failed" and now, "the error", 150)
        assert "no-such-package" in said["message"]
        with Kernel(server, "b.ipynb") as kernel:
            assert kernel.run("print(1)") == "1\n"
        server.save("requirements.txt", "\n")
        wait_for(lambda: server.status()["environment"]["state"] == "none", "no environment")


def test_opening_a_project_runs_nothing_of_it(study: Study) -> None:
    """On a person's own machine packages are installed only when they say so."""
    folder = study.clone(study.project)
    (folder / "requirements.txt").write_text(f"./{make_wheel(folder)}\n")
    with study.jupyter(folder) as server:
        server.wait_for_state("pushed")
        told = server.status()["environment"]
        assert (told["state"], "requirements" in told["message"]) == ("none", True)
        assert not (study.place / "jupyter" / ".cache" / "dotscience" / "environments").exists()
