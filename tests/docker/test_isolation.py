"""What a task can reach, and what it cannot."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dotscience_runner.backends.base import Chunk
from dotscience_runner.backends.docker.container import CAPABILITIES

from jupyter_dotscience.api.tasks import Resources

from .conftest import Runner, text

pytestmark = pytest.mark.docker
SERVE = """
import http.server
server = http.server.HTTPServer(('0.0.0.0', 8000), http.server.SimpleHTTPRequestHandler)
print('serving', flush=True)
server.serve_forever()
"""
CONNECT = """
import concurrent.futures, socket, sys
def reach(address):
    try:
        socket.create_connection((address, 8000), 1).close()
        return 'reached'
    except OSError as error:
        return 'blocked ' + type(error).__name__
with concurrent.futures.ThreadPoolExecutor() as pool:
    print(*pool.map(reach, sys.argv[1:]), sep='\\n')
"""
# linux/capability.h
NUMBERS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7}


def test_tasks_do_not_reach_each_other(runner: Runner, wait_line: Callable[[Iterator[Chunk], bytes], None]) -> None:
    """A server in one task answers the machine, and no other task, neither by address nor by name."""
    server = runner.start(runner.spec(SERVE))
    wait_line(runner.backend.logs(server, None), b"serving")
    container = runner.container(server)
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    # The program can tell: from inside the server's own container it reaches it.
    control = container.exec_run(["python3", "-c", CONNECT, network["IPAddress"]])
    assert control.output == b"reached\n"
    others = [network["IPAddress"], container.name, container.short_id]
    _, chunks = runner.run(runner.spec(["python3", "-c", CONNECT, *others]))
    assert [line.split()[0] for line in text(chunks).splitlines()] == [b"blocked"] * 3


def test_what_a_task_is_made_of(runner: Runner) -> None:
    """Few capabilities, no new privileges, no engine's socket, an init, its workspace as the only folder of ours."""
    program = (
        "import json, os\n"
        "lines = open('/proc/self/status').read().splitlines()\n"
        "status = dict(line.split(':\\t', 1) for line in lines if ':\\t' in line)\n"
        "print(json.dumps({'caps': status['CapEff'], 'bound': status['CapBnd'], 'privs': status['NoNewPrivs'],\n"
        " 'sockets': [os.path.exists(p + '/docker.sock') for p in ('/run', '/var/run')],\n"
        " 'pid': os.getpid(), 'uid': os.getuid(), 'cwd': os.getcwd(), 'mounts': open('/proc/self/mountinfo').read()}))"
    )
    status, chunks = runner.run(runner.spec(program))
    assert status.exit_code == 0, text(chunks, "stderr")
    seen = json.loads(text(chunks))
    allowed = sum(1 << NUMBERS[name] for name in CAPABILITIES)
    assert int(seen["bound"], 16) == allowed
    assert int(seen["caps"], 16) in (allowed, 0)
    assert (seen["privs"], seen["sockets"], seen["cwd"]) == ("1", [False, False], "/workspace")
    assert seen["pid"] != 1
    assert seen["uid"] == os.geteuid()
    assert str(runner.spool / "tasks") not in "".join(
        line for line in seen["mounts"].splitlines() if " /workspace " not in line
    )


def test_limits_hold(runner: Runner) -> None:
    """Memory, processors, shared memory are what was asked for; more processors than there are is no error."""
    resources = Resources(memory=256 << 20, cpus=4096.0)
    handle = runner.start(runner.spec("print()", resources=resources))
    host = runner.container(handle).attrs["HostConfig"]
    assert (host["Memory"], host["ShmSize"]) == (256 << 20, 128 << 20)
    assert 0 < host["NanoCpus"] <= 4096 * 10**9
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Type"] == "local"
    assert host["Init"] is True


def test_root_in_a_task_can_still_administer_its_image(runner: Runner) -> None:
    """What package managers do: become another user, give files away, write everywhere in the image."""
    program = (
        "import os, subprocess\n"
        "open('/opt-file', 'w').close(); os.chown('/opt-file', 65534, 65534); os.chmod('/opt-file', 0o400)\n"
        "open('/opt-file', 'a').close()\n"
        "print(subprocess.run(['id', '-u'], user=65534, group=65534, capture_output=True).stdout.decode())"
    )
    if os.geteuid():
        pytest.skip("tasks of an agent that is not root have its user, who can do nothing of this")
    status, chunks = runner.run(runner.spec(program))
    assert (status.exit_code, text(chunks).strip()) == (0, b"65534"), text(chunks, "stderr")


def test_files_of_a_task_belong_to_the_agent(runner: Runner) -> None:
    """The agent can read, change and remove them."""
    spec = runner.spec("import os; os.mkdir('d', 0o700); open('d/f', 'w').write('x')")
    runner.run(spec)
    status = (spec.workspace / "d" / "f").stat()
    assert status.st_uid == os.geteuid()
    assert stat.S_IMODE((spec.workspace / "d").stat().st_mode) == 0o700
    (spec.workspace / "d" / "f").unlink()


def test_nothing_is_in_the_environment_but_what_was_given(runner: Runner) -> None:
    """The image's own variables, HOME and HOSTNAME, and the task's."""
    given = {"A": "1", "PATH": "/usr/local/bin:/usr/bin:/bin", "EMPTY": ""}
    _, chunks = runner.run(runner.spec(["/usr/bin/env", "-0"], environment=given))
    seen = dict(entry.split("=", 1) for entry in text(chunks).decode().split("\0") if entry)
    image = runner.engine.client.images.get(runner.engine.image).attrs["Config"]["Env"]
    expected = dict(entry.split("=", 1) for entry in image) | given
    assert {name: value for name, value in seen.items() if name not in ("HOME", "HOSTNAME")} == expected


def test_a_network_in_which_tasks_see_each_other_is_refused(runner: Runner, docker_engine: Any) -> None:
    """Somebody else's network of the same name does not make tasks reachable."""
    name = f"ds-open-{docker_engine.session}"
    docker_engine.client.networks.create(name, labels=docker_engine.labels)
    from dotscience_runner.backends.base import BackendError
    from dotscience_runner.backends.docker import DockerBackend

    backend = DockerBackend(runner.spool, url=docker_engine.url, network_name=name, labels=docker_engine.labels)
    with pytest.raises(BackendError, match=f"docker network rm {name}"):
        backend.start(runner.spec("print()"))


def test_many_first_tasks_at_once_share_one_network(runner: Runner) -> None:
    """Several threads that all find no network make one between them."""
    from dotscience_runner.backends.docker import network
    from dotscience_runner.backends.docker.engine import Engine

    engine, name, found = Engine(runner.engine.url), f"ds-race-{runner.engine.session}", []
    threads = [
        threading.Thread(target=lambda: found.append(network.ensure(engine, name, runner.engine.labels)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.close()
    assert len(found) == 8
    assert len(set(found)) == 1
