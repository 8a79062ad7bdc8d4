"""The command line: what is missing or wrong is one sentence, and secrets stay secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.fakehub import FakeHub


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("TOKEN", "TOKEN_FILE", "DOTSCIENCE_URL")}
    return subprocess.run(
        [sys.executable, "-m", "dotscience_runner", *options],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ([], {"TOKEN": "t"}, "DOTSCIENCE_URL"),
        (["--url", "http://127.0.0.1:1"], {}, "TOKEN"),
        (["--url", "http://127.0.0.1:1"], {"TOKEN_FILE": "/nowhere/token"}, "/nowhere/token"),
        (["--url", "http://127.0.0.1:1", "--label", "bad label"], {"TOKEN": "t"}, "--label"),
        (["--url", "http://127.0.0.1:1", "--slots", "0"], {"TOKEN": "t"}, "--slots"),
        (["--url", "http://127.0.0.1:1", "--gpus", "-1"], {"TOKEN": "t"}, "--gpus"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    options: list[str], environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    """Exit code 2 and one line (B1)."""
    done = run("--spool", str(tmp_path / "spool"), *options, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "spool").exists()


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    """Before anything is tried."""
    done = run("--spool", str(tmp_path / "spool"), "--url", "hub.example.org", TOKEN="t")
    assert done.returncode == 1
    assert "no address of a hub" in done.stderr


def test_a_wrong_token_ends_the_agent_and_is_not_shown(hub: FakeHub, tmp_path: Path) -> None:
    """Trying again would not help; the token is nowhere in the output (B9)."""
    file = tmp_path / "token"
    file.write_text("WRONGTOKEN\n")
    spool = str(tmp_path / "spool")
    done = run("--spool", spool, "--backend", "dummy", "--url", hub.url, "--verbose", TOKEN_FILE=str(file))
    assert done.returncode == 1
    assert "does not accept the runner's token" in done.stderr
    assert "WRONGTOKEN" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux'")
def test_a_task_cannot_read_the_agents_environment() -> None:
    """The kernel shows an agent's memory and environment to no other process of its user; its children are as usual."""
    look = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)"  # PR_GET_DUMPABLE
    script = f"import subprocess, sys; from dotscience_runner.main import keep_private; keep_private(); {look};"
    script += f"subprocess.run([sys.executable, '-c', {look!r}], check=True)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]
