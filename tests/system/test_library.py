"""The published library 0.8.7, unmodified, in a task: recorded as ours is."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.runs import Run
from tests.library import python
from tests.require import missing
from tests.services.docker_engine import DockerEngine

from .lab import Lab

SCRIPT = """
import os, dotscience as ds
ds.script()
ds.start("the first words")
rate = ds.parameter("rate", 0.1)
ds.add_parameters(epochs=3, kind="sgd ü")
with open(ds.input("data/in.csv")) as file:
    total = sum(float(line) for line in file)
os.makedirs("out/deep", exist_ok=True)
with open(ds.output("out/model.txt"), "w") as file:
    file.write(str(total * rate))
with open("out/deep/curve.csv", "w") as file:
    file.write("0,1")
ds.add_outputs("out/deep/curve.csv")
ds.add_summary("total", total)
ds.add_metric("accuracy", 0.9375)
ds.add_label("stage", "test")
ds.publish("the last words")
print(ds.__file__)
"""
# What is no part of the library: pip leaves it in every environment.
TOOLS = shutil.ignore_patterns("pip", "pip-*", "setuptools", "setuptools-*", "wheel", "wheel-*", "__pycache__", "*.pth")


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder of packages in which the published library is installed."""
    try:
        executable = python.published().executable
    except python.NotInstallable as error:
        missing(f"dotscience {python.PUBLISHED} from the package index ({error})")
        raise
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return executable.parent.parent / "lib" / version / "site-packages"


def recorded(run: Run, head: str) -> dict[str, Any]:
    """All of a run that must not depend on the library; the version of what was uploaded is ``base``."""

    def version(commit: str | None) -> str:
        return "base" if commit == head else "result" if commit == run.commit else str(commit)

    return {
        "status": run.status.value,
        "authority": run.authority.value,
        "description": run.description,
        "error": run.error,
        "file": run.workload_file,
        "parameters": run.parameters,
        "summary": run.summary,
        "labels": run.labels,
        "inputs": [(file.path, version(file.commit), file.sha256, file.blob) for file in run.inputs],
        "outputs": [(file.path, version(file.commit), file.sha256, file.blob) for file in run.outputs],
        "timed": run.started is not None and run.ended is not None and run.started <= run.ended,
    }


def train(lab: Lab, source: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Upload the folder to a project of its own and run its script; what is recorded, and whose library it was."""
    lab.new_project()
    done = lab.run("python3", "train.py", options=("-u", str(source), *options))
    assert done.returncode == 0, done.stderr.decode()
    task = lab.last_task()
    assert task.runs == [lab.only_run().id]
    head = str(task.commit)
    return recorded(lab.only_run(), head), done.stdout.decode().splitlines()[-1]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A script and its data."""
    folder = tmp_path / "source"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "in.csv").write_text("1\n2\n")
    (folder / "train.py").write_text(SCRIPT)
    return folder


def test_a_library_of_the_workspace(lab: Lab, packages: Path, source: Path) -> None:
    """As `pip install --target vendor` lays it out: it is used instead of ours, and the same is recorded."""
    ours, whose = train(lab, source)
    assert "/vendor/" not in whose
    shutil.copytree(packages, source / "vendor", ignore=TOOLS)
    theirs, whose = train(lab, source, "-e", "PYTHONPATH=vendor", "-e", "PYTHONDONTWRITEBYTECODE=1")
    assert "/vendor/dotscience/" in whose
    assert theirs == ours
    assert [(path, version) for path, version, *_ in ours["inputs"]] == [("data/in.csv", "base")]
    assert [(path, version) for path, version, *_ in ours["outputs"]] == [
        ("out/deep/curve.csv", "result"),
        ("out/model.txt", "result"),
    ]
    assert ours["parameters"] == {"rate": "0.1", "epochs": "3", "kind": "sgd ü"}
    assert (ours["summary"], ours["labels"]) == ({"total": "3.0", "accuracy": "0.9375"}, {"stage": "test"})
    assert (ours["description"], ours["file"], ours["timed"]) == ("the last words", "train.py", True)


@pytest.fixture
def image(docker_engine: DockerEngine, packages: Path) -> Iterator[str]:
    """An image in which somebody installed the published library."""
    name = f"dotscience-test-published:{docker_engine.session.lower()[:40]}"
    find = "python3 -c 'import site; print(site.getsitepackages()[0])'"
    recipe = f"FROM {docker_engine.image}\nCOPY packages /packages\nRUN cp -r /packages/. $({find})/\n"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(recipe)
        archive.addfile(info, io.BytesIO(recipe.encode()))
        unwanted = ("pip", "setuptools", "wheel")
        for item in packages.iterdir():
            if not item.name.startswith(unwanted) and item.suffix != ".pth":
                archive.add(item, f"packages/{item.name}")
    context.seek(0)
    images = docker_engine.client.images
    images.build(fileobj=context, custom_context=True, tag=name, labels=docker_engine.labels, rm=True)
    yield name
    images.remove(name, force=True)


@pytest.mark.docker
def test_a_library_of_the_image(docker_lab: Lab, image: str, source: Path) -> None:
    """Ours does not hide it, and the same is recorded as with ours in a bare image."""
    ours, whose = train(docker_lab, source)
    assert "site-packages" not in whose
    theirs, whose = train(docker_lab, source, "-I", image)
    assert "-packages/dotscience/" in whose
    assert theirs == ours
