"""Row 32: `ds runner create`."""

from __future__ import annotations

import re

import pytest

from .site import Person

# Only an image with a `/` in its name is to be had from a registry; a hub on a loopback address is reached by the
# machine's own network only.
SCRIPT = re.compile(
    r"(docker pull \S+/\S+ && \\\n)?"
    r"docker run --name dotscience-runner -d -e TOKEN=[A-Z2-7]{52}==== -e DOTSCIENCE_URL=\S+ \\\n"
    r"--restart always -v /var/run/docker.sock:/var/run/docker.sock \\\n"
    r"-v dotscience-task-spool:/spool (--network host )?(--gpus all )?\\\n"
    r"\S+\n"
)


def test_what_is_printed(person: Person) -> None:
    """Runner ID, name and type, then the command with the token."""
    lines = person("runner", "create", "my-runner").split("\n", 6)
    [known] = person.json("runner", "inspect", "my-runner")
    assert lines[:6] == [
        f"Runner ID:        {known['id']}",
        "Runner name:      my-runner",
        "Runner type:      cpu",
        "",
        "To start a runner, run:",
        "",
    ]
    assert SCRIPT.fullmatch(lines[6])


def test_defaults(person: Person) -> None:
    """A name is picked, 10 GB, cpu."""
    name = re.search(r"^Runner name: +(\S+)$", person("runner", "create"), re.MULTILINE)
    assert name
    [known] = person.json("runner", "inspect", name[1])
    assert (known["storage"], known["type"], known["description"]) == (10, "cpu", "")


def test_options(person: Person) -> None:
    """Description, size and type are kept; a GPU runner's container gets the GPUs."""
    options = ["-d", "In the cellar", "-s", "50", "-t", "gpu-nvidia-runtime", "big"]
    made = person("runner", "create", *options)
    [known] = person.json("runner", "inspect", "big")
    assert (known["description"], known["storage"], known["type"]) == ("In the cellar", 50, "gpu-nvidia-runtime")
    assert "--gpus all" in made


def test_quiet_prints_the_command_alone(person: Person) -> None:
    """A script can give it to a shell."""
    assert SCRIPT.fullmatch(person("runner", "create", "-q", "quiet"))


@pytest.mark.parametrize("options", [["-t", "tpu"], ["-s", "0"], ["-s", "big"], ["a", "b"]])
def test_wrong_usage(person: Person, options: list[str]) -> None:
    """Exit status 2; no runner is made."""
    before = person("runner", "ls", "-q")
    person.fails("runner", "create", *options, status=2)
    assert person("runner", "ls", "-q") == before
