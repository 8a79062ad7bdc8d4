"""Remote mode sends what the published library sends, and says clearly what went wrong."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import dotscience
import pytest
from dotscience import Dotscience, RemoteError

from tests.library.hub import CREDENTIALS, PROJECT, Hub, serving
from tests.library.python import Python
from tests.library.recorded import anonymous


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub without any project."""
    with serving() as running:
        yield running


@pytest.fixture
def connected(ds: Dotscience, hub: Hub) -> Dotscience:
    """A recorder that is connected to the hub."""
    ds.connect("ann", "key", "digits", hub.address + "/")
    ds._hub._connection._pause = 0  # type: ignore[union-attr]
    return ds


SCRIPT = """
import os, dotscience as ds
ds.connect("ann", "key", "digits", os.environ["HUB"])
ds.start("described")
ds.add_parameters(rate=0.1)
ds.add_labels(kind="test")
ds.add_metric("accuracy", 0.9)
ds.add_input("in.csv")
ds.set_error("none really")
ds.output("train.py")
ds.publish()
"""


def test_a_publish_records_what_the_published_library_records(
    bare_python: Python, published_python: Python, tmp_path: Path
) -> None:
    """Project, uploaded file and every key of the commit are the same from both."""
    seen = []
    for number, interpreter in enumerate((bare_python, published_python)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with serving() as hub:
            interpreter.output(SCRIPT, folder, {"HUB": hub.address})
            assert hub.arrived.wait(10)  # 0.8.7 does not wait for the answer
            seen.append(
                (anonymous(json.dumps(hub.commit(), sort_keys=True)), hub.projects, hub.files, set(hub.credentials))
            )
    assert seen[0] == seen[1]
    assert seen[0][2] == {f"ann:project-{PROJECT[:8]}-default-workspace/train.py": SCRIPT.encode()}


def test_every_output_is_uploaded_before_the_commit(
    connected: Dotscience, hub: Hub, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of a folder go one by one, with their names quoted; the run's page is printed and the id returned."""
    (workspace / "out" / "deep").mkdir(parents=True)
    (workspace / "out" / "a b%?#é").write_bytes(b"one")
    (workspace / "out" / "deep" / "empty").touch()
    connected.add_output("out")
    run_id = connected.publish("described")
    place = f"ann:project-{PROJECT[:8]}-default-workspace/out"
    assert hub.files == {f"{place}/a%20b%25%3F%23%C3%A9": b"one", f"{place}/deep/empty": b""}
    commit = hub.commit()
    assert commit["Metadata"]["runs"] == f'["{run_id}"]'
    assert commit["Metadata"][f"run.{run_id}.description"] == "described"
    assert capsys.readouterr().out.endswith(f"Dotscience run: {hub.address}/project/{PROJECT}/runs/metric/{run_id}\n")


def test_an_existing_project_is_used(connected: Dotscience, hub: Hub) -> None:
    """The first project of that name is taken, and none is created."""
    hub.projects += [{"id": "fedcba9876543210", "name": "digits"}, {"id": "1", "name": "digits"}]
    connected.publish()
    assert hub.commit()["Name"] == "project-fedcba98-default-workspace"
    assert len(hub.projects) == 2


@pytest.mark.parametrize("status", [423, 502, 503, 504])
def test_a_busy_workspace_is_waited_for(connected: Dotscience, hub: Hub, workspace: Path, status: int) -> None:
    """An upload is tried again while a task has the workspace, or the hub is restarting."""
    (workspace / "x").write_text("content")
    connected.output("x")
    hub.failures = [(200, {}), (200, {}), (status, {}), (status, {})]
    connected.publish()
    assert list(hub.files.values()) == [b"content"]
    assert hub.commit()


def test_a_workspace_that_stays_busy_is_given_up(connected: Dotscience, hub: Hub, workspace: Path) -> None:
    """After ten attempts the hub's own words say why; nothing was recorded, and a later publish is the same run."""
    (workspace / "x").touch()
    connected.output("x")
    hub.failures = [(200, {}), (200, {}), *[(423, {})] * 10]
    with pytest.raises(RemoteError, match=r"the hub answered 423 Locked\. the hub's reason"):
        connected.publish()
    assert [what for what, _ in hub.calls] == ["DotmeshRPC.Ping"]
    claimed = connected._run.claim_id() if connected._run else ""
    assert connected.publish() == claimed


@pytest.mark.parametrize(("path", "message"), [("missing", "does not exist"), ("../outside", "outside the workspace")])
def test_bad_outputs_are_told_before_anything_is_sent(
    connected: Dotscience, hub: Hub, workspace: Path, path: str, message: str
) -> None:
    """A missing output, or one outside the workspace, changes nothing on the hub."""
    (workspace / ".." / "outside").touch()
    connected.output(path)
    with pytest.raises(RemoteError, match=message):
        connected.publish()
    assert (hub.projects, hub.files) == ([], {})


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (404, {}, "may not offer remote publishing; run the script in a task instead: ds run"),
        (500, {}, "the hub answered 500 Internal Server Error. the hub's reason"),
        (302, {"Location": "https://elsewhere.example/"}, "the hub is at https://elsewhere.example/"),
    ],
)
def test_a_refusal_says_what_to_do(
    ds: Dotscience, hub: Hub, status: int, headers: dict[str, str], message: str
) -> None:
    """`connect` fails with one sentence, and the mode stays what it was."""
    ds.script()
    hub.failures = [(status, headers)]
    with pytest.raises(RemoteError, match=message):
        ds.connect("ann", "key", "digits", hub.address)
    assert ds._mode.name == "script"


def test_a_wrong_key_is_told_and_not_shown(ds: Dotscience, hub: Hub) -> None:
    """The message names the cause and never the key."""
    with pytest.raises(RemoteError, match="wrong user name or API key") as caught:
        ds.connect("ann", "geheim", "digits", hub.address)
    assert "geheim" not in str(caught.value)


def test_a_redirect_does_not_get_the_key(ds: Dotscience, hub: Hub) -> None:
    """Another host that the hub's address leads to never sees the credentials."""
    with serving() as other:
        hub.failures = [(307, {"Location": other.address + "/v2/dotmesh/rpc"})]
        with pytest.raises(RemoteError, match="give that address"):
            ds.connect("ann", "key", "digits", hub.address)
        assert other.credentials == []
    assert hub.credentials == [CREDENTIALS]


def test_a_hub_that_is_away_is_told(ds: Dotscience) -> None:
    """No traceback through the standard library: one sentence with the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(RemoteError, match=f"{address}/v2/dotmesh/rpc cannot be reached"):
            ds.connect("ann", "key", "digits", address)


@pytest.mark.parametrize("address", ["", "hub.example.org", "ftp://hub.example.org", "http://", "file:///etc/passwd"])
def test_an_address_must_be_one(ds: Dotscience, address: str) -> None:
    """Anything but http and https is refused before any request."""
    with pytest.raises(ValueError, match=r"https://hub\.example\.org"):
        ds.connect("ann", "key", "digits", address)


def test_a_project_must_be_named(ds: Dotscience) -> None:
    """An empty project name is an error, as in the published library."""
    with pytest.raises(ValueError, match="project"):
        ds.connect("ann", "key", "", "http://hub.example.org")


@pytest.mark.parametrize("variable", ["DOTSCIENCE_URL", "DOTSCIENCE_HOSTNAME"])
def test_the_address_may_come_from_the_environment(
    workspace: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Where `hostname` is left out, the usual variables are asked."""
    monkeypatch.setenv(variable, hub.address)
    monkeypatch.setattr(dotscience, "_default", Dotscience())
    dotscience.connect("ann", "key", "digits")
    assert [what for what, _ in hub.calls] == ["DotmeshRPC.Ping"]


@pytest.mark.parametrize("what", ["build", "deploy"])
def test_models_are_not_built_yet(connected: Dotscience, hub: Hub, what: str) -> None:
    """Building is refused before the run is sent, and not silently left out."""
    with pytest.raises(RemoteError, match="publish without build and deploy"):
        connected.publish(build=what == "build", deploy=what == "deploy")
    assert hub.projects == []
