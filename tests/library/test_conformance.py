"""The same script, run with ours and with the unmodified published library, prints the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.python import Python
from tests.library.recorded import anonymous, markers

EVERYTHING = """
import os, dotscience as ds
os.makedirs("out/deep")
os.makedirs("data")
open("data/a.csv", "w").close()
ds.script()
ds.start("first words")
ds.set_description("later words")
print(ds.description("last words"))
print(ds.input("data"), ds.input("missing.csv"), ds.add_input("one"), ds.add_inputs("two", "/etc/hostname"))
print(ds.output("out"), ds.add_output("x"), ds.add_outputs("y", "z"))
print(ds.label("l", 1.5), ds.add_label("m", None), ds.add_labels("n", True, "o", [1], p="q", l="again"))
print(ds.metric("a", 0.1), ds.add_metric("b%", float("nan")), ds.add_metrics("c", 1, d=2))
print(ds.summary("e", "f"), ds.add_summary("g", ()), ds.add_summaries("h", 1, i=2))
print(ds.parameter("j", {}), ds.param("k", 1), ds.add_parameter("l", 2), ds.add_parameters("m", 3, n=4))
open("out/deep/model", "w").close()
open("out/a", "w").close()
print(ds.error(ValueError("no data")), ds.set_error("still no data"))
ds.debug()
ds.end()
ds.publish()
ds.publish("once more")
ds.add_label("after", "publish")
ds.publish()
"""

NOTHING = """
import dotscience as ds
ds.publish()
"""

NO_START = """
import dotscience as ds
ds.add_label("a", "\\u00e9 \\u6f22 \\"quoted\\"\\n")
ds.publish("described")
ds.start()
ds.publish()
"""

SUBFOLDER = """
import os, dotscience as ds
os.makedirs("sub/out")
os.chdir("sub")
open("out/x", "w").close()
ds.add_input("../in.csv")
ds.add_output("out")
ds.publish()
"""

MODEL = """
import types, dotscience as ds
for name in "tensorflow", "sklearn":
    framework = types.ModuleType(name)
    framework.__version__ = "1.2.3"
    ds.start()
    print(ds.model(framework, "digits", "model.bin", classes="classes.json"))
    print(ds.model(framework, "plain", "plain.bin"))
    ds.publish()
"""

OBJECTS = """
import io, dotscience
a, b = dotscience.Dotscience(), dotscience.Dotscience()
stream = io.StringIO()
a.start("a")
b.start("b")
a.interactive()
b.script("somewhere/else.py")
print(a.label("which", "a"), b.metric("which", "b"))
a.publish(stream=stream)
b.publish("b again", stream)
print(stream.getvalue(), end="")
"""

REFUSED = """
import dotscience as ds
def attempt(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        print(type(error).__name__)
ds.start()
attempt(ds.add_labels, "odd")
attempt(ds.add_metrics, "a", 1, "odd")
attempt(ds.add_parameters, "a", 1, "odd")
attempt(ds.model, None, "name", "path")
attempt(ds.label, "no value")
ds.interactive()
ds.interactive()
attempt(ds.script)
attempt(ds.remote)
"""

SCRIPTS = {
    "everything": EVERYTHING,
    "nothing": NOTHING,
    "no start": NO_START,
    "subfolder": SUBFOLDER,
    "model": MODEL,
    "objects": OBJECTS,
    "refused": REFUSED,
}


@pytest.mark.parametrize("workload", ["", "command", "jupyter"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_both_libraries_print_the_same(
    bare_python: Python, published_python: Python, tmp_path: Path, script: str, workload: str
) -> None:
    """Byte for byte, apart from ids and times, in and out of tasks; both come by way of the offer."""
    printed = []
    for number, interpreter in enumerate((bare_python, published_python)):
        folder = tmp_path / str(number) / "workspace"  # `/etc/hostname` is as far from both
        folder.mkdir(parents=True)
        done = interpreter.run(SCRIPTS[script], folder, {"DOTSCIENCE_WORKLOAD_TYPE": workload})
        printed.append((done.returncode, anonymous(done.stdout)))
        ids = [run_id for run_id, _ in markers(done.stdout)]
        assert len(set(ids)) == len(ids)
    assert printed[0] == printed[1]
    assert printed[0][0] == 0
