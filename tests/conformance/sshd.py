"""A real `sshd` on loopback that lets in who has one key."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.require import require

SECONDS = 60.0
# Beside the user's PATH: Debian has it in a folder for administrators.
PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin"


@dataclass(frozen=True)
class SshServer:
    """Where it listens, and whom it lets in."""

    folder: Path
    port: int

    def authorize(self, *public_keys: str) -> None:
        """Let in who has the private half of one of these, and nobody else."""
        self._authorized.write_text("".join(f"{key}\n" for key in public_keys))

    @property
    def _authorized(self) -> Path:
        return self.folder / "authorized_keys"

    def log_in(self, key: Path) -> subprocess.CompletedProcess[str]:
        """Run a command there with this private key."""
        options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=accept-new",
            f"UserKnownHostsFile={self.folder / 'known_hosts'}",
        ]  # fmt: skip
        words = [word for option in options for word in ("-o", option)]
        command = ["ssh", "-F", "none", *words, "-i", str(key), "-p", str(self.port), "127.0.0.1", "echo", "let in"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """A server for the time of the block; the one user is who runs the tests.

    Args:
        folder: A new folder, for the server's key and configuration.
    """
    program = shutil.which("sshd") or shutil.which("sshd", path=PLACES)
    require(program is not None and shutil.which("ssh") is not None, "sshd and ssh (apt-get install openssh-server)")
    assert program is not None
    if Path("/run").is_dir() and getpass.getuser() == "root":
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself in, without a service that makes it
    folder.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host"], check=True)
    server = SshServer(folder, _free_port())
    server.authorize()
    (folder / "config").write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stdout=log, stderr=log)
    try:
        _wait_for(process, server)
        yield server
    finally:
        process.terminate()
        process.wait()
        print((folder / "log").read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], server: SshServer) -> None:
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"sshd does not listen:\n{(server.folder / 'log').read_text()}")
