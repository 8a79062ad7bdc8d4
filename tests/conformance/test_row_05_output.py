"""Row 5: the output of the job, and its metadata at the end."""

from __future__ import annotations

import os
import re
import select
from pathlib import Path

import pytest

from .site import UUID, Person

BYTES = bytes(range(256)) + b"\r\n\x1b[31mred\x1b[0m no end"
BOTH = f"import os; os.write(1, {BYTES!r}); os.write(2, b'oh\\n')"
TRAIN = """
import dotscience as ds
ds.start()
ds.parameter("rate", 0.5)
open(ds.output("model.txt"), "w").write("x")
ds.summary("accuracy", 0.75)
ds.publish("trained")
"""


def test_standard_output_is_the_jobs_byte_for_byte(person: Person, project: str) -> None:
    """Whatever bytes it writes arrive, nothing else; standard error goes to standard error."""
    done = person.run(project, "python3", "-c", BOTH)
    assert done.stdout == BYTES
    assert b"oh\n" in done.stderr


def test_a_progress_bar_without_newline_arrives_at_once(person: Person, project: str) -> None:
    """What the job wrote is here while it still runs; it would not end by itself."""
    program = "import os, time; [os.write(1, b'\\r%d/3' % step) for step in range(3)]; time.sleep(1000)"
    process = person.ds.start("run", "-p", project, "python3", "-c", program)
    assert process.stdout is not None
    seen = b""
    while b"\r2/3" not in seen:
        assert select.select([process.stdout], [], [], 60)[0], seen
        piece = os.read(process.stdout.fileno(), 1000)
        assert piece, seen
        seen += piece
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_status_is_the_jobs(person: Person, project: str, code: int) -> None:
    """A script can rely on it."""
    done = person.run(project, "sh", "-c", f"exit {code}", status=code)
    assert done.returncode == code


def test_the_metadata_follows(person: Person, project: str, tmp_path: Path) -> None:
    """Task id, status, exit code, times, runner, image, and each run with parameters, summary and files."""
    (tmp_path / "train.py").write_text(TRAIN)
    done = person.run(project, "-u", str(tmp_path), "python3", "train.py")
    said = done.stderr.decode()
    facts = dict(re.findall(r"^ *(\w+): +(.+)$", said, re.MULTILINE))
    assert UUID.fullmatch(facts["Task"])
    assert facts["Status"] == "succeeded (exit code 0)"
    for name in ("Started", "Ended"):
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", facts[name])
    assert facts["Runner"]
    assert facts["Image"]
    assert facts["Commit"]
    assert facts["Run"].endswith("(succeeded)")
    assert (facts["parameters"], facts["summary"]) == ("rate=0.5", "accuracy=0.75")
    assert facts["outputs"] == "model.txt"
    assert person.task(facts["Task"])["exit_code"] == 0


def test_a_failed_job_says_so(person: Person, project: str) -> None:
    """The metadata has the exit code."""
    assert b"failed (exit code 4)" in person.run(project, "sh", "-c", "exit 4", status=4).stderr
