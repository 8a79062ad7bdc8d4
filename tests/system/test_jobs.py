"""Odd jobs through `ds run`: what they print, write, link to and are called, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from jupyter_dotscience.api.files import FileQuery
from tests.hubprocess import RunningHub

from .lab import Lab, wait_for


def test_every_byte_value_arrives(work: Lab) -> None:
    """Binary output is the same here as there, on both streams, with and without newlines."""
    done = work.python("import os; b = bytes(range(256)); os.write(1, b * 3); os.write(2, b[::-1])")
    assert done.returncode == 0, done.stderr
    assert done.stdout == bytes(range(256)) * 3
    assert bytes(range(255, -1, -1)) in done.stderr
    task = work.last_task()
    assert work.log(task) == bytes(range(256)) * 3
    assert work.log(task, "stderr") == bytes(range(255, -1, -1))
    logs = work.ds("logs", task.id)
    assert bytes(range(256)) * 3 in logs.stdout


def test_a_line_of_a_megabyte(work: Lab) -> None:
    """A line that no buffer is made for, and a last one without its newline."""
    done = work.python("print('x' * 10**6); print('end', end='')")
    assert (done.returncode, done.stdout) == (0, b"x" * 10**6 + b"\nend")


@pytest.mark.parametrize("code", [1, 7, 255])
def test_a_job_that_fails(work: Lab, code: int) -> None:
    """Its exit code is ours, what it wrote is kept, and the status says so."""
    done = work.python(f"open('left.txt', 'w').write('left'); raise SystemExit({code})")
    assert done.returncode == code
    assert f"failed (exit code {code})".encode() in done.stderr
    assert work.file("left.txt") == b"left"


def test_a_job_killed_by_a_signal(work: Lab) -> None:
    """128 and the signal's number, as in a shell."""
    done = work.python("import os, signal; print('last words', flush=True); os.kill(os.getpid(), signal.SIGKILL)")
    assert (done.returncode, done.stdout) == (137, b"last words\n")


@pytest.mark.parametrize("name", ["no-such-command", "./nothing", "/etc/passwd", "", "-x", "a b", "数据"])
def test_a_command_that_is_not_there(work: Lab, name: str) -> None:
    """A sentence that names it, and the exit codes that shells have for it."""
    done = work.run(name)
    if name == "":
        assert done.returncode == 2
        return
    assert done.returncode in (126, 127), done.stderr
    errors = [line for line in done.stderr.decode().splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert name in errors[0]


def test_a_job_that_never_ends(work: Lab) -> None:
    """Ctrl-C stops it, says so, and waits for what it wrote."""
    process = work.begin("import time; open('kept', 'w').write('kept'); print('ready', flush=True); time.sleep(10**6)")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == b""
    assert b"Stopping; results are being saved." in err
    assert process.returncode not in (0, 1, 2)
    assert work.last_task().status == "stopped"
    assert work.file("kept") == b"kept"


def test_a_job_that_prints_for_ever_without_a_newline(work: Lab) -> None:
    """What it printed is seen while it runs, and whole when it is stopped; it does not end the runner or the hub."""
    process = work.begin("import os, time\nwhile True: os.write(1, b'.' * 100_000); time.sleep(0.01)")
    assert process.stdout is not None
    seen = os.read(process.stdout.fileno(), 100_000)
    assert work.ds("task", "stop", work.last_task().id).returncode == 0
    rest, _ = process.communicate(timeout=100)
    assert set(seen + rest) == {ord(".")}
    task = work.last_task()
    assert task.status == "stopped"
    assert len(work.log(task)) == len(seen + rest)


ODD = [
    "a b",
    "it's",
    'say "hi"',
    "new\nline",
    "ünïcødé 数据 🧪",
    "-rf",
    "$(reboot)",
    "x" * 250,
    "back\\slash",
    "%2e",
    "tab\t",
    "~",
]


def test_files_with_odd_names(work: Lab, tmp_path: Path) -> None:
    """Uploaded, seen by the job, written by it beside them, listed and fetched, they are the same."""
    source = tmp_path / "source"
    source.mkdir()
    for number, name in enumerate(ODD):
        (source / name).write_text(str(number))
    (source / os.fsdecode(b"not\xffutf8")).write_text("bytes")
    program = "import os\nfor n in os.listdir(b'.'): open(b'deep-' + n[:240], 'wb').write(n)"
    done = work.python(program, "-u", str(source))
    assert done.returncode == 0, done.stderr.decode()
    for number, name in enumerate(ODD):
        assert work.file(name) == str(number).encode()
        assert work.file("deep-" + name[:240]) == name.encode()
    got = work.ds("file", "get", work.project, "ünïcødé 数据 🧪", "-")
    assert (got.returncode, got.stdout) == (0, b"4")
    assert len(work.tree()) == 2 * (len(ODD) + 1)
    listed = work.ds("file", "ls", "-q", work.project)
    assert listed.returncode == 0
    assert b"\x1b" not in listed.stdout


def test_values_and_arguments_arrive_as_they_are(work: Lab) -> None:
    """No shell is between, and nothing is quoted, split or expanded."""
    words = ["a b", "it's", '"', "new\nline", "*", "$HOME", "-rf", "--", "", "ünï", "\\", "`id`", ";", "%s", "{}"]
    program = "import os, sys; sys.stdout.write('\\0'.join([os.environ['VALUE'], *sys.argv[1:]]))"
    done = work.run("python3", "-c", program, *words, options=("-e", "VALUE=a\n'b\" $c=d"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\0") == ["a\n'b\" $c=d", *words]


@pytest.mark.usefixtures("bubblewrap")
def test_links_that_a_job_makes_are_never_followed(work: Lab, running_hub: RunningHub, tmp_path: Path) -> None:
    """A link to a file of the machine, to the hub's secrets, to a spool or to everything is kept as a link, no more."""
    spool = work.folder / "runner0" / "spool"
    targets = {
        "passwd": "/etc/passwd",
        "secret": str(running_hub.data_dir / "secrets" / "launcher"),
        "spool": str(spool / "tasks"),
        "root": "/",
        "up": "../../../../../../etc/shadow",
        "loop": "loop",
        "nowhere": "/no/such/place",
        "me": "/proc/self/environ",
    }
    program = f"import os\nfor name, target in {targets!r}.items(): os.symlink(target, name)\n"
    program += "os.makedirs('sub'); os.symlink('/etc', 'sub/etc'); open('plain', 'w').write('plain')"
    done = work.python(program)
    assert done.returncode == 0, done.stderr
    assert work.tree() == dict.fromkeys([*targets, "sub/etc"], "symlink") | {"plain": "file"}
    for name, target in targets.items():
        assert work.file(name) == target.encode()
    # The next job finds them, what lies behind them is its own sandbox's, and it cannot reach the hub's.
    again = work.run(
        "sh", "-c", "readlink passwd; cat secret spool/*/assignment.json; rm passwd; echo x > sub/new; true"
    )
    assert again.stdout == b"/etc/passwd\n"
    assert "passwd" not in work.tree()
    assert Path("/etc/passwd").exists()


def test_a_folder_that_a_job_swaps_for_a_link(work: Lab) -> None:
    """Files below it are gone and the link is kept; what it leads to is not taken for the files that were there."""
    assert work.python("import os; os.mkdir('d'); open('d/passwd', 'w').write('mine')").returncode == 0
    assert work.run("sh", "-c", "rm -r d && ln -s /etc d").returncode == 0
    assert work.tree() == {"d": "symlink"}
    assert work.run("sh", "-c", "rm d && mkdir d && echo back > d/passwd").returncode == 0
    assert work.tree() == {"d/passwd": "file"}


def test_links_that_are_uploaded_are_never_followed(work: Lab, tmp_path: Path) -> None:
    """`ds run -u` sends links to files and folders outside as links."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("not for you")
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    (source / "folder").symlink_to(tmp_path / "outside")
    (source / "broken").symlink_to("nowhere")
    done = work.run("readlink", "file", "folder", "broken", options=("-u", str(source)))
    assert done.stdout.decode().splitlines() == [
        str(tmp_path / "outside" / "secret.txt"),
        str(tmp_path / "outside"),
        "nowhere",
    ]
    assert work.tree() == dict.fromkeys(("file", "folder", "broken"), "symlink")
    with work.client.get_file(project=work.project, query=FileQuery(path="file")) as reader:
        assert b"not for you" not in reader.readall()


def test_what_is_no_file_is_left_out_and_said(work: Lab) -> None:
    """Pipes, sockets and unreadable files do not hold up the results; the log names them."""
    program = """
import os, socket
os.mkfifo('pipe'); socket.socket(socket.AF_UNIX).bind('socket'); open('good', 'w').write('good')
os.makedirs('.git/hooks'); open('.git/hooks/post-checkout', 'w').write('#!/bin/sh\\ntouch /tmp/owned\\n')
os.chmod('.git/hooks/post-checkout', 0o755)
"""
    done = work.python(program, "-v")
    assert done.returncode == 0, done.stderr
    assert work.file("good") == b"good"
    assert not {"pipe", "socket"} & set(work.tree())
    assert not any(path.split("/")[0].lower() == ".git" for path in work.tree())
    log = b"".join(entry.data for entry in work.entries(work.last_task())).decode()
    assert "pipe" in log
    assert "socket" in log


FAILURES: list[tuple[tuple[str | bytes, ...], int, str]] = [
    (("run", "-p", "no such project", "true"), 1, "There is no project 'no such project'"),
    (("run", "-p", "", "true"), 1, "empty text"),
    (("run", "-p", "x" * 300, "true"), 1, "There is no project"),
    (("run", "-p", "new\nline", "true"), 1, "There is no project"),
    (("run", "-p", "'; DROP TABLE projects; --", "true"), 1, "There is no project"),
    (("run", "-p", "%", "true"), 1, "There is no project"),
    (("run", "-p", b"\xff\xfe", "true"), 2, "UTF-8"),
    (("run", "true"), 2, "-p"),
    (("run", "-p", "{project}"), 2, "command is missing"),
    (("run", "-p", "{project}", b"echo", b"\xff"), 2, "UTF-8"),
    (("run", "-p", "{project}", "-I", "a b", "true"), 2, "image"),
    (("run", "-p", "{project}", "-I", "../x", "true"), 2, "image"),
    (("run", "-p", "{project}", "-e", "1X=2", "true"), 2, "1X"),
    (("run", "-p", "{project}", "-e", "NOT_SET_ANYWHERE", "true"), 2, "NOT_SET_ANYWHERE"),
    (("run", "-p", "{project}", "-r", "a b=c", "true"), 2, "a b"),
    (("run", "-p", "{project}", "--memory", "lots", "true"), 2, "lots"),
    (("run", "-p", "{project}", "--cpus", "-1", "true"), 2, "-1"),
    (("run", "-p", "{project}", "-u", "/no/such/folder", "true"), 2, "/no/such/folder"),
    (("run", "-p", "{project}", "--no-such-option", "true"), 2, "--no-such-option"),
    (("file", "get", "{project}", "nothing"), 1, "nothing"),
    (("file", "get", "{project}", "../../etc/passwd"), 1, "../../etc/passwd"),
    (("file", "get", "{project}", "/etc/passwd"), 1, "/etc/passwd"),
    (("file", "ls", "no such project"), 1, "no such project"),
    (("logs", "0000"), 1, "There is no task '0000'"),
    (("task", "stop", "nothing"), 1, "There is no task"),
    (("task", "ls", "--status", "asleep"), 2, "asleep"),
    (("runs", "inspect", "--project", "{project}", "x"), 1, "There is no run 'x'"),
    (("runner", "rm", "nothing"), 1, "There is no runner"),
    (("runner", "create", "-t", "tpu"), 2, "tpu"),
    (("runner", "create", "-s", "-1"), 2, "-1"),
    (("project", "create", "a/b"), 1, "/"),
    (("project", "create", "x" * 201), 1, "200"),
    (("project", "create", "new\nline"), 1, "control characters"),
    (("project", "share", "{project}", "a/b"), 1, "a/b"),
    (("no-such-command",), 2, "no-such-command"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), FAILURES, ids=lambda value: repr(value)[:40])
def test_wrong_usage_is_one_sentence(lab: Lab, words: tuple[str | bytes, ...], code: int, said: str) -> None:
    """Exit code 2 for what the line says wrong, 1 for what is not there; a sentence on standard error, no traceback."""
    filled = [lab.project if word == "{project}" else word for word in words]
    done = lab.ds(*filled)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b""), text
    assert said in text
    assert "Traceback" not in text
    [sentence] = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert sentence.rstrip().endswith((".", ")", "?", "`"))


def test_a_task_that_nobody_can_take_says_what_for(work: Lab) -> None:
    """An unknown label is no error: it waits, says for what, and Ctrl-C takes it back."""
    process = work.ds.start("run", "-p", work.project, "-r", "planet=mars", "true", stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = process.stdout.readline().decode()
    assert "planet=mars" in said
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert wait_for(lambda: work.last_task().status.terminal, "the end")
    assert work.last_task().status == "stopped"
