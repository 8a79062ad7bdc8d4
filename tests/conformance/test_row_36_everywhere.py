"""Row 36: what holds for every command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.hubprocess import hub, require_proxy
from tests.services.process import free_port

from .site import Person, Site, table

LISTINGS = (
    ["project", "ls"],
    ["task", "ls"],
    ["runner", "ls"],
    ["secret", "ls"],
    ["dataset", "ls"],
    ["file", "ls", "PROJECT"],
    ["runs", "ls", "PROJECT"],
)


@pytest.mark.parametrize("listing", LISTINGS, ids=" ".join)
def test_every_listing_has_json(person: Person, project: str, listing: list[str]) -> None:
    """`--output json` is an array; the table has three spaces between columns, and no line ends with one."""
    arguments = [project if word == "PROJECT" else word for word in listing]
    found = person.json(*arguments, "--output", "json")
    rows = table(person(*arguments))
    assert isinstance(found, list)
    assert len(found) == len(rows)
    assert person.fails(*arguments, "-q", "--output", "json", status=2)


def test_columns_are_three_apart(person: Person) -> None:
    """As in Docker's tables: a column is as wide as its longest cell, and three spaces."""
    name = "a-name-that-is-longer-than-twenty-characters"
    made = person("project", "create", name).strip()
    line = next(line for line in person("project", "ls").splitlines() if name in line)
    assert line.startswith(f"{made}   {name}   {made}")


def test_a_name_that_several_have_lists_their_ids(person: Person) -> None:
    """So does the beginning of an id that several have; nothing is done."""
    ids = [person("project", "create", "same").strip() for _ in range(2)]
    for ref in ("same", ids[0][:8]):
        for command in (["project", "inspect"], ["project", "rm"], ["file", "ls"], ["runs", "ls"]):
            said = person.fails(*command, ref)
            assert all(one in said for one in ids), said
    assert set(ids) <= {p["id"] for p in person.json("project", "ls", "--output", "json")}
    assert person.json("project", "inspect", ids[0])[0]["id"] == ids[0]


def test_not_logged_in(site: Site, tmp_path: Path) -> None:
    """One sentence with what to do."""
    done = Program.at(tmp_path, DOTSCIENCE_URL=site.hub.url)("project", "ls")
    said = f"Error: You are not logged in to {site.hub.url}. Log in with `ds login USERNAME`, or `ds login --web`.\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", said)


def test_an_expired_login(site: Site, person: Person, tmp_path: Path) -> None:
    """Said from here when its time is over, and when the hub does not take the token any more."""
    password = site.hub.command("user", "add", "carol").strip()
    program = Program.at(tmp_path, DOTSCIENCE_URL=site.hub.url)
    assert program("login", "carol", stdin=password.encode()).returncode == 0
    [file] = (tmp_path / "logins").iterdir()
    known = json.loads(file.read_bytes())
    file.write_text(json.dumps(known | {"expires": 1.0}))
    said = program("project", "ls").stderr.decode()
    assert said == f"Error: Your login at {site.hub.url} has expired. Log in again with `ds login carol`.\n"
    file.write_text(json.dumps(known))
    answer = site.hub.request("DELETE", f"/hub/api/users/carol/tokens/{known['id']}", token=site.hub.admin_token)
    assert answer.status == 204
    revoked = Program.at(tmp_path / "later", DOTSCIENCE_URL=site.hub.url, DOTSCIENCE_TOKEN="0" * 32)("project", "ls")
    assert (revoked.returncode, revoked.stderr.count(b"\n")) == (1, 1)
    assert b"`ds login" in revoked.stderr


def test_the_hub_is_away(person: Person) -> None:
    """One sentence that names the address."""
    url = f"http://127.0.0.1:{free_port()}"
    done = person.ds.with_variables(DOTSCIENCE_URL=url)("project", "ls")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert f"{url} cannot be reached" in done.stderr.decode()


def test_what_answers_is_no_hub(person: Person, tmp_path: Path) -> None:
    """Another web server is told from a hub, without a traceback."""
    import http.server
    import threading

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = person.ds.with_variables(DOTSCIENCE_URL=url)("project", "ls")
        server.shutdown()
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert b"Traceback" not in done.stderr


WRONG = (
    ["project", "rm"],
    ["project", "inspect", "a", "b"],
    ["task", "ls", "--status", "asleep"],
    ["logs"],
    ["--nonsense"],
    ["runs", "ls"],
    ["runner", "inspect"],
    ["file", "ls"],
    ["set", "server-url"],
    ["dataset", "rm"],
    ["dataset", "create", "tape", "--name", "x"],
    ["project", "link", "p", "d"],
)


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_2(person: Person, arguments: list[str]) -> None:
    """With the usage and the error on standard error."""
    said = person.fails(*arguments, status=2)
    assert said.startswith("Usage: ds")
    assert said.splitlines()[-1].startswith("Error: ")


MISSING = (
    ["project", "inspect", "X"],
    ["project", "rm", "X"],
    ["task", "inspect", "X"],
    ["task", "stop", "X"],
    ["task", "rm", "X"],
    ["logs", "X"],
    ["file", "ls", "X"],
    ["dataset", "inspect", "X"],
    ["dataset", "rm", "X"],
    ["dataset", "sync", "X"],
    ["dataset", "put", "X", "."],
    ["dataset", "files", "X"],
    ["project", "link", "X", "Y", "Z"],
    ["dataset", "unlink", "X", "Y"],
    ["runs", "ls", "X"],
    ["runs", "inspect", "--project", "X", "Y"],
    ["runner", "inspect", "X"],
    ["runner", "rm", "X"],
    ["run", "-p", "X", "true"],
    ["run", "-p", "", "true"],
    ["logs", "\x1b[2J"],
)


@pytest.mark.parametrize("arguments", MISSING, ids=lambda words: " ".join(words).replace("\x1b", "ESC"))
def test_what_is_not_there_is_1(person: Person, arguments: list[str]) -> None:
    """One line; control characters that were typed do not reach the terminal."""
    said = person.fails(*arguments)
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_a_traceback_only_when_asked_for(person: Person) -> None:
    """`--debug` shows it."""
    done = person.ds("--debug", "project", "inspect", "X")
    assert (done.returncode, b"Traceback" in done.stderr) == (1, True)


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_no_colour_where_none_is_wanted(person: Person, project: str, variables: dict[str, str]) -> None:
    """Neither in a pipe nor on a terminal with NO_COLOR is anything coloured; there lines may move."""
    from .terminal import Terminal

    ds = person.ds.with_variables(**variables)
    for arguments in (["project", "ls"], ["run", "-p", project, "true"], ["project", "inspect", "X"], ["help"]):
        if variables:
            with Terminal(ds, *arguments) as terminal:
                terminal.end()
            assert not re.search(rb"\x1b\[[0-9;]*m", terminal.seen)
        else:
            done = ds(*arguments)
            assert b"\x1b" not in done.stdout + done.stderr


def test_output_that_nobody_reads_ends_quietly(person: Person) -> None:
    """`ds ... | head` leaves no complaint behind."""
    process = person.ds.start("run", "--help")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert said == b""


def test_a_hub_that_is_restarted_takes_the_login_as_before(tmp_path: Path) -> None:
    """While it is away that is said; afterwards the same login serves."""
    require_proxy()
    ds = Program.at(tmp_path / "home")
    with hub(tmp_path / "data", "--no-runner") as first:
        password, port = first.password, first.url.rpartition(":")[2]
        assert password is not None
        assert ds("set", "server-url", first.url).returncode == 0
        assert ds("login", first.admin, stdin=password.encode()).returncode == 0
    away = ds("whoami")
    assert (away.returncode, b"cannot be reached" in away.stderr) == (1, True)
    with hub(tmp_path / "data", "--no-runner", "--port", port):
        assert ds("whoami").returncode == 0
