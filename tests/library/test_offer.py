"""The offer gives a task our library, unless the task's own Python has one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library.python import OFFER, PACKAGE, Python, environment

WHICH = "import dotscience\nprint(dotscience.__file__)"


def library(folder: Path, code: str = "") -> Path:
    """Some other `dotscience` in a folder."""
    package = folder / "dotscience"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f'"""Other."""\n{code}\n')
    (package / "part.py").write_text("import dotscience\nNAME = dotscience.NAME\n")
    return package / "__init__.py"


def test_a_python_without_any_gets_ours(bare_python: Python, tmp_path: Path) -> None:
    """In any image with Python, the import gives the offered package and not the offer."""
    assert bare_python.output(WHICH, tmp_path) == f"{PACKAGE / '__init__.py'}\n"


def test_a_python_with_the_published_one_keeps_it(published_python: Python, tmp_path: Path) -> None:
    """The unmodified 0.8.7 in site-packages is what its users get, with its version and its submodules."""
    code = """
import dotscience, dotscience.test_dotscience as sub
print(dotscience.__version__, "site-packages" in dotscience.__file__, "site-packages" in sub.__file__)
"""
    (tmp_path / "hypothesis").mkdir()
    (tmp_path / "hypothesis" / "__init__.py").write_text("given = lambda *a: (lambda f: f)\nassume = note = None\n")
    (tmp_path / "hypothesis" / "strategies.py").write_text("text = lists = sampled_from = lambda *a, **k: None\n")
    assert published_python.output(code, tmp_path) == "0.8.7 True True\n"


def test_no_trace_of_the_offer_is_left(bare_python: Python, tmp_path: Path) -> None:
    """Names, attributes and spec of the module are the same as without the offer."""
    code = """
import dotscience as d
spec = d.__spec__
print(sorted(vars(d)), d.__file__, d.__path__, d.__package__, d.__doc__, d.__loader__ is spec.loader)
print(spec.name, spec.origin, spec.cached, spec.submodule_search_locations)
"""
    offered = bare_python.output(code, tmp_path)
    direct = bare_python.output(code, tmp_path, path=str(PACKAGE.parent))
    assert offered == direct


def test_a_later_entry_of_the_path_wins(bare_python: Python, tmp_path: Path) -> None:
    """A library that the user's own path leads to is taken, its submodules and its absolute imports as well."""
    other = library(tmp_path / "site", "NAME = 'other'")
    code = "import dotscience.part as part, dotscience\nprint(part.NAME, dotscience.__file__, dotscience.__doc__)"
    path = f"{OFFER}:{tmp_path / 'site'}"
    assert bare_python.output(code, tmp_path, path=path) == f"other {other} Other.\n"


def test_a_single_file_is_a_library_too(bare_python: Python, tmp_path: Path) -> None:
    """A `dotscience.py` is taken as well, and is no package afterwards."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "dotscience.py").write_text("NAME = 'file'")
    code = "import dotscience\nprint(dotscience.NAME, hasattr(dotscience, '__path__'), dotscience.__doc__)"
    assert bare_python.output(code, tmp_path, path=f"{OFFER}:{tmp_path / 'site'}") == "file False None\n"


def test_an_editable_install_wins(bare_python: Python, tmp_path: Path) -> None:
    """Editable installs answer with a finder of their own instead of a path."""
    other = library(tmp_path / "source", "NAME = 'editable'")
    code = f"""
import sys, importlib.util
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "dotscience":
            return importlib.util.spec_from_file_location(name, {str(other)!r})
sys.meta_path.append(Finder)
import dotscience
print(dotscience.NAME)
"""
    assert bare_python.output(code, tmp_path) == "editable\n"


def test_a_folder_of_that_name_is_no_library(bare_python: Python, tmp_path: Path) -> None:
    """A workspace with a folder `dotscience` of data beside the script does not hide ours."""
    (tmp_path / "dotscience").mkdir()
    (tmp_path / "dotscience" / "data.csv").touch()
    assert bare_python.output(WHICH, tmp_path) == f"{PACKAGE / '__init__.py'}\n"


def test_two_offers_do_not_chase_each_other(bare_python: Python, tmp_path: Path) -> None:
    """A task started from within a task sees two offers, and ends at a library."""
    second = tmp_path / "second" / "dotscience"
    shutil.copytree(PACKAGE, second)
    path = f"{OFFER}:{second / 'offer'}:{OFFER}"
    assert bare_python.output(WHICH, tmp_path, path=path) == f"{second / '__init__.py'}\n"


def test_a_linked_and_read_only_copy_serves(bare_python: Python, tmp_path: Path) -> None:
    """Nothing needs to be written into the offered folder, and it may be reached through a link."""
    copy = tmp_path / "mount" / "dotscience"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(copy.rglob("*"))
    (tmp_path / "link").symlink_to(tmp_path / "mount")
    for path in [copy, *before]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        printed = bare_python.output(WHICH, tmp_path, path=str(tmp_path / "link" / "dotscience" / "offer"))
        assert printed == f"{copy / '__init__.py'}\n"
        assert sorted(copy.rglob("*")) == before
    finally:
        for path in [copy, *before]:
            path.chmod(0o755)


def test_a_broken_library_says_so_itself(bare_python: Python, tmp_path: Path) -> None:
    """If the task's own library cannot be imported, its error shows; ours does not slip in. A retry tells the same."""
    library(tmp_path / "site", "import there_is_no_such_thing")
    code = """
import sys
for _ in range(2):
    try:
        import dotscience
    except ModuleNotFoundError as error:
        print(error.name, "dotscience" in sys.modules)
"""
    printed = bare_python.output(code, tmp_path, path=f"{OFFER}:{tmp_path / 'site'}")
    assert printed == "there_is_no_such_thing False\n" * 2


def test_odd_entries_of_the_path_are_skipped(bare_python: Python, tmp_path: Path) -> None:
    """What Python passes over in `sys.path`, the offer passes over too."""
    code = f"import sys\nfrom pathlib import Path\nsys.path[:0] = [None, 7, Path('/'), '', '/missing']\n{WHICH}"
    assert bare_python.output(code, tmp_path) == f"{PACKAGE / '__init__.py'}\n"


def test_reload_and_pickle_work(bare_python: Python, tmp_path: Path) -> None:
    """Functions pickle by name, and a reload gives the library again."""
    code = """
import dotscience, importlib, pickle
print(pickle.loads(pickle.dumps(dotscience.log)) is dotscience.log)
print(importlib.reload(dotscience) is dotscience, dotscience.__file__, hasattr(dotscience, "_Offer"))
"""
    assert bare_python.output(code, tmp_path) == f"True\nTrue {PACKAGE / '__init__.py'} False\n"


def test_threads_that_import_at_once_all_see_the_whole_library(bare_python: Python, tmp_path: Path) -> None:
    """While the library takes the offer's place, a second thread waits instead of seeing half of it."""
    library(tmp_path / "site", "import time; time.sleep(0.3); LAST = 1")
    code = """
import threading
seen = []
def work():
    import dotscience
    seen.append(hasattr(dotscience, "LAST"))
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(seen)
"""
    assert bare_python.output(code, tmp_path, path=f"{OFFER}:{tmp_path / 'site'}") == f"{[True] * 8}\n"


@pytest.mark.parametrize("how", ["-m", "-c"])
def test_submodules_can_be_run(bare_python: Python, tmp_path: Path, how: str) -> None:
    """`python -m dotscience.part` and `-c` find the library from the current folder."""
    library(tmp_path / "site", "NAME = 'other'")
    what = "dotscience.part" if how == "-m" else "import dotscience.part"
    command = [bare_python.executable, how, what]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(f"{OFFER}:{tmp_path / 'site'}"), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_package_can_be_found_without_importing_it() -> None:
    """What a runner does to find the folder that it offers."""
    code = 'import importlib.util as u, sys; print(*u.find_spec("dotscience").submodule_search_locations)'
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(str(PACKAGE.parent)), capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == PACKAGE
