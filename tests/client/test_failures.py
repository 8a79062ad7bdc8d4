"""What the client does when the hub, the proxy or the network fails."""

from __future__ import annotations

import base64
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from jupyter_dotscience.api import problems
from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.client import Client
from tests.services.process import free_port

from . import script
from .samples import PROJECT_ID, project
from .script import Answer, Script, Seen

HTML_503 = Answer(503, b"<html>Service Unavailable</html>", headers={"Content-Type": "text/html"})
CUT = Answer(0, cut=True)


@pytest.mark.parametrize("failure", [CUT, HTML_503, Answer(502), script.problem(503, "unavailable", "Wait.")])
def test_reading_goes_on_after_a_failure(hub: Script, client: Client, failure: Answer) -> None:
    """A GET is sent again after a reset connection, a proxy's 502 and 503, and the hub's own 503."""
    hub.play(failure, failure, script.json(project()))
    assert client.get_project(project=PROJECT_ID).id == PROJECT_ID
    assert len(hub.seen) == 3


def test_a_repeated_post_has_the_same_key(hub: Script, client: Client) -> None:
    """What is created under an idempotency key is tried again with that key."""
    hub.play(CUT, HTML_503, script.json(project(), 201))
    client.create_project(ProjectCreate(name="p"))
    keys = {seen.headers["Idempotency-Key"] for seen in hub.seen}
    assert (len(hub.seen), len(keys)) == (3, 1)


@pytest.mark.parametrize("failure", [CUT, HTML_503])
def test_what_would_happen_twice_is_sent_once(hub: Script, client: Client, failure: Answer) -> None:
    """Creating a runner is not repeated when nobody knows whether it happened."""
    hub.play(failure, Answer(500))
    with pytest.raises((problems.Unreachable, problems.Unavailable)):
        client.create_runner(RunnerCreate())
    assert len(hub.seen) == 1


def test_a_body_that_is_gone_is_not_sent_again(hub: Script, client: Client) -> None:
    """An iterator can be read once; a second try would send nothing in its place."""
    hub.play(HTML_503)
    with pytest.raises(problems.Unavailable):
        client.put_object(iter([b"x"]), project=PROJECT_ID, sha256="0" * 64)
    assert len(hub.seen) == 1


def test_a_delete_whose_answer_was_lost_has_worked(hub: Script, client: Client) -> None:
    """404 to a repeated DELETE means that the first one did it; to a first DELETE it is an error."""
    gone = script.problem(404, "not_found", "No such project.")
    hub.play(CUT, gone)
    client.delete_project(project=PROJECT_ID)
    with pytest.raises(problems.NotFound, match="No such project"):
        client.delete_project(project=PROJECT_ID)


def test_retries_end(hub: Script) -> None:
    """After `retry_for` seconds the error is raised, not swallowed."""
    hub.play(HTML_503)
    with Client(hub.url, retry_for=0.3) as client, pytest.raises(problems.Unavailable, match=hub.url):
        client.get_version()
    assert len(hub.seen) >= 2


def test_a_refused_connection_names_the_address() -> None:
    """Nobody listening is one sentence with the URL in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with Client(url, retry_for=0) as client, pytest.raises(problems.Unreachable, match=f"{url}.*refused"):
            client.get_version()


def test_an_unknown_host_is_said() -> None:
    """A name that does not exist is told from a hub that is away."""
    with Client("http://hub.invalid", retry_for=0) as client, pytest.raises(problems.Unreachable, match="no host"):
        client.get_version()


def test_a_post_waits_for_a_hub_that_is_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that never was can be tried again whatever is sent."""
    port = free_port()
    with ExitStack() as stack:

        def start_hub(_: float) -> None:
            hub = stack.enter_context(script.serve(port))
            hub.play(script.problem(403, "forbidden", "Arrived."))

        monkeypatch.setattr("jupyter_dotscience.client.retry.time.sleep", start_hub)
        client = stack.enter_context(Client(f"http://127.0.0.1:{port}", retry_for=5))
        with pytest.raises(problems.Forbidden, match="Arrived"):
            client.create_runner(RunnerCreate())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (script.problem(404, "not_found", "No project x."), problems.NotFound, "No project x."),
        (script.problem(409, "lease_lost", "Lost."), problems.LeaseLost, "Lost."),
        (script.problem(425, "gap", "Gap."), problems.TooEarly, "Gap."),
        (script.problem(418, "odd", "Odd."), problems.BadRequest, "Odd."),
        (script.problem(500, "defect", "Broken."), problems.ServerError, "Broken."),
        (Answer(404, b"<html>no</html>"), problems.Unreachable, "there is no Dotscience"),
        (Answer(500, b"oops"), problems.ServerError, "hub's log"),
        (Answer(401, b""), problems.NotLoggedIn, "ds login"),
        (Answer(403, b'{"status": 403, "message": "Forbidden"}'), problems.Forbidden, "ds login"),
        (Answer(413, b""), problems.TooLarge, "proxy"),
        (Answer(302, headers={"Location": "/hub/api/oauth2/authorize?x"}), problems.NotLoggedIn, "ds login"),
        (Answer(301, headers={"Location": "https://other/"}), problems.Unreachable, "https://other/"),
        (Answer(200, b"<html>sign in</html>"), problems.Unreachable, "not as this version"),
        (Answer(200, b'{"id": 1}'), problems.Unreachable, "not as this version"),
        (Answer(200, b"\xff\xfe"), problems.Unreachable, "not as this version"),
    ],
)
def test_each_failure_has_its_exception(
    hub: Script, client: Client, answer: Answer, kind: type[Exception], words: str
) -> None:
    """Problems keep their sentence; answers of others become one that says what to do."""
    hub.play(answer)
    with pytest.raises(kind, match=words):
        client.get_project(project=PROJECT_ID)
    assert len(hub.seen) == 1


def test_detail_and_code_arrive(hub: Script, client: Client) -> None:
    """Programs read code and detail from the exception."""
    body = {"status": 409, "code": "ambiguous", "message": "Two.", "detail": {"ids": ["a", "b"]}}
    hub.play(script.json(body, 409))
    with pytest.raises(problems.Conflict) as caught:
        client.get_project(project=PROJECT_ID)
    assert (caught.value.code, caught.value.detail) == ("ambiguous", {"ids": ["a", "b"]})


def test_a_half_answer_is_an_error(hub: Script, client: Client) -> None:
    """A body shorter than announced never passes for a whole one."""
    hub.play(Answer(200, b'{"id":', headers={"Content-Length": "100"}, cut=True))
    with pytest.raises(problems.Unreachable, match="broke"):
        client.get_project(project=PROJECT_ID)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hub.example.org", "scheme and host"),
        ("ftp://hub", "scheme and host"),
        ("http://", "scheme and host"),
        ("http://hub:x", "no address"),
        ("http://hub/jupyter", "after the host"),
        ("https://a:b@hub", "must not hold"),
    ],
)
def test_a_bad_address_is_refused(url: str, words: str) -> None:
    """Only scheme, host and port make an address of a hub."""
    with pytest.raises(problems.DotscienceError, match=words):
        Client(url)


def test_what_went_well_for_long_is_tried_again(hub: Script) -> None:
    """The time for further tries begins with the first failure: an upload of an hour that breaks is sent again."""
    answers = [CUT, script.json(project())]

    def respond(_: Seen) -> Answer:
        time.sleep(0.5 if len(answers) > 1 else 0)
        return answers.pop(0)

    hub.respond = respond
    with Client(hub.url, retry_for=0.3) as client:
        assert client.get_project(project=PROJECT_ID).id == PROJECT_ID


def test_a_hub_that_says_nothing_is_given_up_once(hub: Script) -> None:
    """All the time for an answer was waited for: that is not done a second time."""
    silent = threading.Event()
    hub.respond = lambda _: Answer() if silent.wait(60) else CUT
    with Client(hub.url, timeout=0.5, retry_for=0.3) as client, pytest.raises(problems.Unreachable):
        client.get_project(project=PROJECT_ID)
    silent.set()
    assert len(hub.seen) == 1


def test_a_hub_that_takes_its_time_is_sent_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that reads nothing for longer than a connection may take to be made, because its disk is busy."""
    monkeypatch.setattr("jupyter_dotscience.client.transport.CONNECT_TIMEOUT", 0.2)
    data = bytes(32 << 20)
    taken: list[int] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            time.sleep(1)
            _, _, rest = connection.recv(1 << 16).partition(b"\r\n\r\n")
            got = len(rest)
            while got < len(data):
                got += len(connection.recv(1 << 20))
            taken.append(got)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        with Client(f"http://127.0.0.1:{listener.getsockname()[1]}", retry_for=0) as client:
            client.put_object(data, project=PROJECT_ID, sha256="0" * 64)
        server.join(60)
    assert taken == [len(data)]


@pytest.mark.parametrize("form", ["http://ada:p%40ss@{}", "ada:p%40ss@{}", "{}"])
def test_proxies_of_the_environment(hub: Script, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """With or without a scheme, and with the login that the proxy asks for."""
    monkeypatch.setenv("http_proxy", form.format(hub.url.removeprefix("http://")))
    monkeypatch.delenv("no_proxy", raising=False)
    hub.play(script.json(project()))
    with Client("http://hub.example.org", retry_for=0) as client:
        client.get_project(project=PROJECT_ID)
    assert hub.seen[0].target.startswith("http://hub.example.org/")
    login = "Basic " + base64.b64encode(b"ada:p@ss").decode() if "ada" in form else None
    assert hub.seen[0].headers.get("proxy-authorization") == login


def test_a_proxy_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its kind, without what may be a password."""
    monkeypatch.setenv("http_proxy", "socks5://ada:secret@127.0.0.1:1")
    with pytest.raises(problems.Unreachable, match="socks5") as said:
        Client("http://hub.example.org", retry_for=0)
    assert "secret" not in str(said.value)
