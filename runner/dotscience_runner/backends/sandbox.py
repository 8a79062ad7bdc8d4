"""Options for bubblewrap (https://github.com/containers/bubblewrap): what a task of the process backend sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import jupyter_dotscience

from .base import WORKSPACE, Spec

HOME = "/home/task"
_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Never all of /etc: a sandbox of root could read /etc/shadow and the keys of the machine.
_ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "fonts", "group", "host.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "machine-id", "mime.types", "nsswitch.conf", "passwd", "pki",
    "protocols", "resolv.conf", "services", "ssl", "timezone",
)  # fmt: skip
PROBE_SECONDS = 20


class Sandbox:
    """A bubblewrap that works on this machine.

    Args:
        program: Path of `bwrap`.
    """

    isolation = (
        "bubblewrap: own files, processes and IPC, no capabilities, system files read-only; "
        "the network is the machine's, and so are processors and memory"
    )

    def __init__(self, program: str) -> None:
        self._program = program

    @classmethod
    def find(cls) -> Sandbox | None:
        """The machine's bubblewrap if it can make its namespaces here (containers often forbid it), or None."""
        program = shutil.which("bwrap")
        if program is None:
            return None
        sandbox = cls(program)
        try:
            done = subprocess.run(
                [*sandbox.common(), "--", "/usr/bin/true"], capture_output=True, check=False, timeout=PROBE_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return sandbox if done.returncode == 0 else None

    def common(self) -> list[str]:
        """The options that do not depend on the task.

        The network is shared on purpose: tasks fetch packages and data sets. Whoever needs more separation runs Docker.
        """
        options = [
            self._program, "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--hostname",
            "task", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
            "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev",
        ]  # fmt: skip
        for name in _ROOT_LINKS:
            place = Path("/", name)
            if place.is_symlink():
                options += ["--symlink", str(place.readlink()), str(place)]
            elif place.is_dir():
                options += ["--ro-bind", str(place), str(place)]
        for name in _ETC:
            options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        return options

    def interpreter(self) -> list[Path]:
        """Folders of the agent's own Python and its packages, which `python` in a task is.

        JupyterLab's extension among them, wherever it is: an editable install leaves it where it is worked on.
        """
        found: list[Path] = []
        ours = Path(jupyter_dotscience.__file__).parent
        for name in (sys.base_prefix, sys.prefix, str(Path(sys.executable).resolve().parent.parent), str(ours)):
            place = Path(name)
            if not any(place.is_relative_to(known) for known in (Path("/usr"), *found)):
                found.append(place)
        return found

    def options(self, spec: Spec, private: Path, environment: Mapping[str, str], devices: Iterable[str]) -> list[str]:
        """All options for one task.

        Args:
            spec: The workload.
            private: A folder for its /tmp and home.
            environment: The task's variables.
            devices: Device nodes it may use, such as those of GPUs.
        """
        options = self.common()
        options += ["--bind", str(private / "tmp"), "/tmp", "--bind", str(private / "home"), HOME]  # noqa: S108 - its own
        # After /tmp and the home, which would cover an environment that lies below one of them.
        for place in self.interpreter():
            options += ["--ro-bind", str(place), str(place)]
        options += ["--bind", str(spec.workspace), WORKSPACE, "--chdir", WORKSPACE]
        for mount in spec.mounts:
            options += ["--ro-bind" if mount.read_only else "--bind", str(mount.source), mount.target]
        for device in devices:
            options += ["--dev-bind-try", device, device]
        for name, value in environment.items():
            options += ["--setenv", name, value]
        return options

    def where(self, spec: Spec, inside: str) -> Path | None:
        """The file outside that a task sees as ``inside``, as far as commands lie there; None where it sees none."""
        path = Path(WORKSPACE, inside)
        places = [(Path(mount.target), mount.source) for mount in spec.mounts]
        places += [(Path(WORKSPACE), spec.workspace)]
        system = [Path("/usr"), *(Path("/", name) for name in _ROOT_LINKS)]
        places += [(place, place) for place in (*self.interpreter(), *system)]
        for target, source in places:
            if path.is_relative_to(target):
                return source / path.relative_to(target)
        return None
