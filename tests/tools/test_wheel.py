"""The wheel that people install holds the packages, their programs, and little else."""

from __future__ import annotations

import configparser
import contextlib
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "dotscience",
    "jupyter_dotscience",
    "dotscience_hub",
    "dotscience_runner",
    "dotscience_cli",
    "dotscience_spawner",
}
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The root of a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    assert built.stat().st_size < MOST_BYTES
    return zipfile.Path(built)


def _information(wheel: zipfile.Path, name: str) -> str:
    (folder,) = (entry for entry in wheel.iterdir() if entry.name.endswith(".dist-info"))
    return (folder / name).read_text()


def test_top_level_is_our_packages(wheel: zipfile.Path) -> None:
    """Nothing lands in site-packages beside the packages: no tests, no tools."""
    names = {entry.name for entry in wheel.iterdir() if not entry.name.endswith((".dist-info", ".data"))}
    assert names == PACKAGES


def test_each_package_says_that_it_is_typed(wheel: zipfile.Path) -> None:
    """Type checkers of those who import our packages read our annotations."""
    assert [name for name in sorted(PACKAGES) if not (wheel / name / "py.typed").exists()] == []


def test_programs(wheel: zipfile.Path) -> None:
    """Three programs are installed, and each names a function in a module that the wheel holds."""
    parser = configparser.ConfigParser()
    parser.read_string(_information(wheel, "entry_points.txt"))
    programs = dict(parser["console_scripts"])
    assert set(programs) == {"ds", "dotscience-hub", "dotscience-runner"}
    modules = [target.partition(":")[0].replace(".", "/") + ".py" for target in programs.values()]
    assert [module for module in modules if not wheel.joinpath(module).exists()] == []


def test_light_install_needs_five_packages(wheel: zipfile.Path) -> None:
    """Without extras only what `ds` and the client import is required."""
    requirements = Parser().parsestr(_information(wheel, "METADATA")).get_all("Requires-Dist", [])
    plain = {line.partition(">")[0] for line in requirements if "extra ==" not in line}
    assert plain == {"click", "msgspec", "rich", "urllib3", "wcmatch"}


def test_locks_name_no_download_addresses() -> None:
    """Pinned versions and hashes say what is installed; where it comes from is each machine's own setting."""
    locks = [ROOT / "hub_extension/proxy/package-lock.json", ROOT / "labextension/package-lock.json"]
    constraints = ROOT / "constraints.txt"
    assert [str(path) for path in locks if '"resolved": "http' in path.read_text()] == []
    assert "://" not in constraints.read_text()
    assert " @ " not in constraints.read_text()


@pytest.mark.parametrize("python", ["3.11.2", "3.12.0", "3.13.0"])
def test_pinned_versions_install_on_each_supported_python(python: str) -> None:
    """No pinned version refuses a Python that we support; 3.11.2 is Debian 12's, older than some packages like."""
    pinned = [line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    refused = []
    for name in pinned:
        with contextlib.suppress(metadata.PackageNotFoundError):
            if not SpecifierSet(metadata.metadata(name).get("Requires-Python", "")).contains(python):
                refused.append(name)
    assert len(pinned) > 100
    assert refused == []
