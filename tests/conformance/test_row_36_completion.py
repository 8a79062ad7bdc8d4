"""Row 36: shell completion for bash, zsh and fish."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.require import require

# The commands as bash's readline would give them to the function that the script registers, and what it offers.
BASH = """
set -eu
eval "$(ds completion bash)"
complete -p ds
COMP_WORDS=({words}) COMP_CWORD={last}
$(complete -p ds | sed 's/.*-F \\([^ ]*\\).*/\\1/') ds {word!r} {before!r}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
CASES = [
    (["pro"], {"project"}),
    (["project", "in"], {"inspect"}),
    (["task", ""], {"ls", "inspect", "stop", "rm"}),
    (["dataset", "create", ""], {"s3", "files"}),
    (["project", "li"], {"link"}),
    (["run", "--upl"], {"--upload-path"}),
    (["runner", "create", "-t", ""], {"cpu", "gpu-nvidia-runtime"}),
    (["project", "ls", "--output", "j"], {"json"}),
]


@pytest.fixture
def shell(tmp_path: Path) -> Program:
    """A folder of programs in which `ds` is this one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ds"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dotscience_cli.main "$@"\n')
    program.chmod(0o755)
    made = Program.at(tmp_path / "home")
    return made.with_variables(PATH=f"{folder}:{made.environment['PATH']}", PYTHONPATH="")


def offered(shell: Program, name: str, script: str) -> list[str]:
    done = subprocess.run(
        [name, *(["--norc"] if name == "bash" else ["--no-config"] if name == "fish" else ["-f"]), "-c", script],
        env=shell.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


@pytest.mark.parametrize(("words", "expected"), CASES, ids=[" ".join(words) for words, _ in CASES])
def test_bash_completes(shell: Program, words: list[str], expected: set[str]) -> None:
    """Bash with the code of `ds completion bash` offers commands, options and their values."""
    line = ["ds", *words]
    quoted = " ".join(f"'{word}'" for word in line)
    script = BASH.format(words=quoted, last=len(line) - 1, word=line[-1], before=line[-2])
    registered, *found = offered(shell, "bash", script)
    assert registered.endswith(" ds")
    assert expected <= set(found)
    assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.parametrize(("words", "expected"), CASES, ids=[" ".join(words) for words, _ in CASES])
def test_fish_completes(shell: Program, words: list[str], expected: set[str]) -> None:
    """Fish, asked for its completions of the line."""
    require(shutil.which("fish") is not None, "fish (Debian: apt-get install fish)")
    line = " ".join(["ds", *words])
    found = offered(shell, "fish", f"ds completion fish | source; complete -C '{line}'")
    assert expected <= {text.split("\t")[0] for text in found}


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_the_shell_can_read_the_code(shell: Program, name: str) -> None:
    """Without a mistake in its language."""
    require(shutil.which(name) is not None, f"{name} (Debian: apt-get install {name})")
    assert offered(shell, name, f"ds completion {name} > /dev/null; ds completion {name} | {name} -n") == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_code_asks_this_program(shell: Program, name: str) -> None:
    """What each shell's code runs answers with the commands that begin so."""
    done = shell("completion", name)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"_DS_COMPLETE={name}_complete".encode() in done.stdout
    word = "pro" if name == "fish" else "1"
    asked = shell.with_variables(_DS_COMPLETE=f"{name}_complete", COMP_WORDS="ds pro", COMP_CWORD=word)()
    assert b"project" in asked.stdout


def test_an_unknown_shell_is_wrong_usage(shell: Program) -> None:
    """Those that there are, are named."""
    done = shell("completion", "tcsh")
    assert (done.returncode, b"'bash', 'zsh', 'fish'" in done.stderr) == (2, True)
