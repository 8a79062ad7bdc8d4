"""What may be mounted into a task, and from where."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dotscience_runner.backends.base import BackendError, Mount
from dotscience_runner.backends.docker import mounts
from dotscience_runner.backends.docker.mounts import Mounts, check, own_container

from tests.services.docker_engine import DockerEngine

from .conftest import Runner, text

ME = "c" * 64
REPOSITORY = Path(__file__).parents[2]


def fake_engine(found: list[dict[str, Any]] | None, api: tuple[int, int]) -> Any:
    """An engine of a version that this machine does not have, which knows our container."""
    attributes = None if found is None else {"Mounts": found}
    return SimpleNamespace(
        api_version=api, socket_path="/var/run/docker.sock", patiently=lambda call: call(), inspect=lambda _: attributes
    )


def mountinfo(folder: Path) -> Path:
    """As proc(5) describes it, of a process in a container on a machine that has others."""
    path = folder / "mountinfo"
    path.write_text(
        f"1 0 0:1 / / rw - overlay overlay rw\n"
        f"2 1 8:1 / /var/lib/docker/containers/{'d' * 64}/mounts/shm rw - tmpfs shm rw\n"
        f"3 1 8:1 /var/lib/docker/containers/{'e' * 64}/hostname /elsewhere rw - ext4 /dev/sda1 rw\n"
        f"4 1 8:1 /var/lib/docker/containers/{ME}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
    )
    return path


def spool(tmp_path: Path) -> tuple[Path, Path]:
    source = tmp_path / "spool" / "tasks" / "t" / "work"
    source.mkdir(parents=True)
    return tmp_path / "spool", source


def volume(path: Path, **rest: Any) -> dict[str, Any]:
    return {"Type": "volume", "Name": "v", "Driver": "local", "Source": "/data/v", "Destination": str(path), **rest}


def test_a_process_knows_its_container_by_its_own_files(tmp_path: Path) -> None:
    """Not by the files of others that its machine shows as well."""
    assert own_container(mountinfo(tmp_path)) == ME
    (tmp_path / "plain").write_text(f"1 0 8:1 / /var/lib/docker/containers/{ME}/mounts/shm rw - tmpfs shm rw\n")
    assert own_container(tmp_path / "plain") is None
    assert own_container(tmp_path / "none") is None


def test_a_volume_is_mounted_by_subpath_on_a_new_engine(tmp_path: Path) -> None:
    """The engine itself then refuses links that lead out of the volume."""
    root, source = spool(tmp_path)
    made = Mounts(fake_engine([volume(root)], (1, 45)), root, mountinfo(tmp_path)).make(source, "/work", read_only=True)
    assert (made["Type"], made["Source"], made["ReadOnly"]) == ("volume", "v", True)
    assert made["VolumeOptions"]["Subpath"] == "tasks/t/work"


def test_a_volume_is_mounted_by_its_place_on_an_old_engine(tmp_path: Path) -> None:
    """Engines that ignore a subpath would show the task all of the spool."""
    root, source = spool(tmp_path)
    made = Mounts(fake_engine([volume(root)], (1, 44)), root, mountinfo(tmp_path)).make(
        source, "/work", read_only=False
    )
    assert (made["Type"], made["Source"]) == ("bind", "/data/v/tasks/t/work")
    assert "VolumeOptions" not in made


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    """A folder of the machine that is mounted inside of the volume."""
    root, source = spool(tmp_path)
    inner = {"Type": "bind", "Source": "/srv/tasks", "Destination": str(root / "tasks")}
    made = Mounts(fake_engine([volume(root), inner], (1, 41)), root, mountinfo(tmp_path)).make(
        source, "/work", read_only=False
    )
    assert (made["Type"], made["Source"]) == ("bind", "/srv/tasks/t/work")


@pytest.mark.parametrize(
    ("holder", "api", "said"),
    [
        (None, (1, 45), "start the runner with a volume"),
        ({"Type": "tmpfs"}, (1, 45), "start the runner with a volume"),
        ({"Driver": "nfs"}, (1, 41), "needs Docker 26 or newer"),
        ({"Destination": "source"}, (1, 45), "whole volume"),
        ({"Destination": "source"}, (1, 41), "whole volume"),
    ],
)
def test_anything_else_is_refused(
    tmp_path: Path, holder: dict[str, str] | None, api: tuple[int, int], said: str
) -> None:
    """A spool that tasks cannot have a part of is an error, never a bigger mount."""
    root, source = spool(tmp_path)
    found = [] if holder is None else [volume(root, **holder)]
    for one in found:
        one["Destination"] = str(source) if one["Destination"] == "source" else one["Destination"]
    with pytest.raises(BackendError, match=said):
        Mounts(fake_engine(found, api), root, mountinfo(tmp_path)).make(source, "/work", read_only=False)


def test_links_on_the_way_are_refused(tmp_path: Path) -> None:
    """A task that replaces a folder by a link does not get what the link names."""
    root, source = spool(tmp_path)
    (tmp_path / "secret").mkdir()
    inside = source / "data"
    inside.symlink_to(tmp_path / "secret")
    with pytest.raises(BackendError, match="is no folder"):
        check(inside, None)
    below = tmp_path / "secret" / "deep"
    below.mkdir()
    with pytest.raises(BackendError, match="is no folder"):
        check(inside / "deep", None)
    (root / "tasks" / "u").symlink_to(root / "tasks" / "t")
    with pytest.raises(BackendError, match="is no folder"):
        check(root / "tasks" / "u" / "work", None)


def test_folders_below_one_that_a_task_can_write_are_refused(tmp_path: Path) -> None:
    """The workspace itself may be writable for all, but nothing below it is a source."""
    _, source = spool(tmp_path)
    source.chmod(0o777)
    check(source, None)
    (source / "data").mkdir()
    with pytest.raises(BackendError, match="Others may write"):
        check(source / "data", None)


@pytest.mark.parametrize("way", ["missing", "file", "dots", "relative"])
def test_odd_sources_are_refused(tmp_path: Path, way: str) -> None:
    """What is not there, no folder, or no plain path."""
    _, source = spool(tmp_path)
    (source / "file").touch()
    odd = {
        "missing": source / "missing",
        "file": source / "file",
        "dots": source / ".." / "work",
        "relative": Path("work"),
    }
    with pytest.raises(BackendError):
        check(odd[way], None)


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who owns a folder on the way can turn it into something else."""
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    _, source = spool(tmp_path)
    os.chown(source.parent, 65534, 65534)
    with pytest.raises(BackendError, match="belongs to another user"):
        check(source, None)


def test_the_engines_socket_never_gets_into_a_task(tmp_path: Path) -> None:
    """Neither its folder nor one above it, nor by another name of it."""
    _, source = spool(tmp_path)
    (source / "docker.sock").touch()
    (tmp_path / "run").symlink_to(source)
    for name in (source, tmp_path / "run"):
        with pytest.raises(BackendError, match="socket"):
            check(source, str(name / "docker.sock"))


def test_only_the_spool_is_mounted(tmp_path: Path) -> None:
    """Neither the spool as a whole nor anything beside it."""
    root, _ = spool(tmp_path)
    (tmp_path / "other").mkdir()
    maker = Mounts(fake_engine(None, (1, 41)), root, tmp_path / "none")
    for source in (root, tmp_path / "other", tmp_path):
        with pytest.raises(BackendError, match="not below the spool"):
            maker.make(source, "/x", read_only=True)


@pytest.mark.docker
def test_a_mount_source_that_became_a_link_fails_the_start(runner: Runner) -> None:
    """And the task never runs."""
    spec = runner.spec("print('ran')")
    spec.workspace.rmdir()
    spec.workspace.symlink_to("/etc")
    with pytest.raises(BackendError, match="is no folder"):
        runner.start(spec)


AGENT = """
import json, sys
from pathlib import Path
from dotscience_runner.backends.base import BackendError, Mount, Spec
from dotscience_runner.backends.docker import DockerBackend
settings = json.loads(sys.argv[1])
spool = Path('/spool')
for name in ('t1/work', 't1/points', 't2/work'):
    (spool / 'tasks' / name).mkdir(parents=True)
(spool / 'tasks/t2/work/secret').write_text('other')
(spool / 'tasks/t1/work/in.txt').write_text('from the agent')
backend = DockerBackend(spool, network_name=settings['network'], labels=settings['labels'])
program = "cat in.txt; echo made > out.txt; echo p > /points/p; find / -xdev -name secret 2>/dev/null; ls /spool; true"
spec = Spec('sibling-' + settings['session'], settings['image'], ['sh', '-c', program], {}, spool / 'tasks/t1/work',
            [Mount(spool / 'tasks/t1/points', '/points', read_only=False)])
try:
    handle = backend.start(spec)
except BackendError as error:
    print(json.dumps({'error': str(error)}))
    sys.exit()
out = {'stdout': '', 'stderr': ''}
for chunk in backend.logs(handle, None):
    out[chunk.stream] += chunk.data.decode()
code = backend.poll(handle).exit_code
backend.cleanup(handle)
print(json.dumps({**out, 'code': code, 'made': (spool / 'tasks/t1/work/out.txt').read_text(),
                  'points': (spool / 'tasks/t1/points/p').read_text()}))
"""


def run_agent(engine: DockerEngine, *, spool_volume: bool) -> dict[str, Any]:
    """Run a runner's part in a container, as the documentation says: with the engine's socket and a volume."""
    from docker.types import Mount as DockerMount

    socket = engine.url.removeprefix("unix://")
    packages = {str(REPOSITORY), *(path for path in sys.path if path.endswith("site-packages"))}
    binds = [DockerMount(path, path, type="bind", read_only=True) for path in packages]
    binds.append(DockerMount("/var/run/docker.sock", socket, type="bind"))
    if spool_volume:
        name = engine.client.volumes.create(labels=engine.labels).name
        binds.append(DockerMount("/spool", name, type="volume"))
    settings = {
        "network": f"ds-test-{engine.session}",
        "labels": engine.labels,
        "session": engine.session,
        "image": engine.image,
    }
    path = ":".join([str(REPOSITORY / "runner"), *sorted(packages)])
    output = engine.client.containers.run(
        engine.image,
        ["python3", "-c", AGENT, json.dumps(settings)],
        mounts=binds,
        environment={"PYTHONPATH": path},
        labels=engine.labels,
        remove=True,
    )
    answer: dict[str, Any] = json.loads(output)
    return answer


@pytest.mark.docker
def test_a_runner_in_a_container_shares_its_volume_with_its_tasks(docker_engine: DockerEngine) -> None:
    """The task sees its own folders of the volume, the agent sees what the task made, and no other task is seen."""
    answer = run_agent(docker_engine, spool_volume=True)
    assert answer.get("error") is None
    assert (answer["code"], answer["stdout"]) == (0, "from the agent")
    assert (answer["made"], answer["points"]) == ("made\n", "p\n")


@pytest.mark.docker
def test_a_runner_in_a_container_without_a_volume_says_what_to_do(docker_engine: DockerEngine) -> None:
    """Its files cannot be shared, and nothing is started."""
    answer = run_agent(docker_engine, spool_volume=False)
    assert "-v dotscience-task-spool:/spool" in answer["error"]


def test_subpaths_need_the_engine_that_obeys_them() -> None:
    """The first API version that has the field."""
    assert mounts.SUBPATH_API == (1, 45)


@pytest.mark.docker
def test_read_only_mounts_are_that(runner: Runner) -> None:
    """Also for root in the container."""
    spec = runner.spec("open('/library/x', 'w')")
    library = runner.spool / "library"
    library.mkdir()
    mounted = runner.spec("open('/library/x', 'w')", mounts=[Mount(library, "/library")], task=spec.task)
    status, chunks = runner.run(mounted)
    assert status.exit_code == 1
    assert b"Read-only file system" in text(chunks, "stderr")
