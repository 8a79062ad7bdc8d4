"""What was measured on: what matters for the figures, and nothing that identifies a machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version

from .rows import Options


def facts(options: Options) -> dict[str, str]:
    """Processors, memory, and versions of what takes part."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "memory": f"{memory:.0f} GB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "JupyterHub": version("jupyterhub"),
        "SQLAlchemy": version("sqlalchemy"),
        "Docker": _told("docker", "version", "--format", "{{.Server.Version}}"),
        "git": _told("git", "--version").removeprefix("git version "),
        "git-lfs": _told("git-lfs", "version").split()[0].removeprefix("git-lfs/"),
        "MLflow": _mlflow(options),
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as file:  # noqa: PTH123 - a special file
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _told(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or "-"
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "-"


def _mlflow(options: Options) -> str:
    program = options.tools / "mlflow" / "bin" / "mlflow"
    return _told(str(program), "--version").split()[-1] if program.exists() else "-"
