"""Row 34: `ds secret ls [-q]`, `inspect`, `generate [--project P] --name N`, `rm`."""

from __future__ import annotations

import ast
import base64
import contextlib
import getpass
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from dotscience_hub.store import models
from dotscience_hub.store.database import Database
from sqlalchemy import select

from tests.require import require

from .site import UUID, Person, table
from .sshd import SshServer, ssh_server

KINDS = {"ed25519": ("ssh-ed25519", "256"), "rsa": ("ssh-rsa", "4096")}


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A server for SSH."""
    with ssh_server(tmp_path_factory.mktemp("ssh") / "server") as server:
        yield server


def generate(person: Person, name: str, *options: str) -> str:
    """The public key that `ds secret generate` prints."""
    heading, key = person("secret", "generate", "--name", name, *options).splitlines()
    assert heading == "Public key: "
    return key


def extract(person: Person, secret: str, half: str) -> bytes:
    """A half as the manual takes it out, in a shell."""
    require(shutil.which("jq") is not None, "jq (apt-get install jq)")
    line = f"jq -r '.[0].data' | base64 -d | jq -r .{half} | base64 -d"
    shown = person("secret", "inspect", secret).encode()
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], input=shown, capture_output=True, check=True).stdout


def key_file(person: Person, secret: str, folder: Path) -> Path:
    """The private half in a file, as `ssh -i` wants it."""
    path = folder / secret
    path.touch(mode=0o600)
    path.write_bytes(extract(person, secret, "private_key"))
    return path


def openssh(*words: str | Path) -> str:
    return subprocess.run(["ssh-keygen", *words], capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.parametrize("kind", KINDS)
def test_ssh_takes_the_extracted_keys(person: Person, project: str, sshd: SshServer, kind: str, tmp_path: Path) -> None:
    """`ssh-keygen` and a real sshd take what the manual's `jq` lines make of `inspect`."""
    name = f"key-{kind}"
    public = generate(person, name, "--project", project, "--type", kind)
    file = key_file(person, name, tmp_path)
    assert extract(person, name, "public_key").decode() == f"{public}\n"
    assert openssh("-l", "-f", file).split()[0] == KINDS[kind][1]
    assert openssh("-y", "-P", "", "-f", file).split()[:2] == public.split()[:2]
    sshd.authorize()
    assert sshd.log_in(file).returncode != 0
    sshd.authorize(public)
    assert sshd.log_in(file).stdout == "let in\n"
    person("secret", "rm", name)


def test_generate_prints_the_public_key(person: Person, project: str) -> None:
    """In OpenSSH's form, one line, with a comment that says what it is for; Ed25519 if nothing else is asked for."""
    assert re.fullmatch(rf"ssh-ed25519 [A-Za-z0-9+/=]+ {project}/first", generate(person, "first", "-p", project))
    assert generate(person, "wide", "--type", "rsa").endswith(f" {person.name}/wide")
    for name in ("first", "wide"):
        person("secret", "rm", name)


def test_a_repeated_request_makes_one_secret(person: Person) -> None:
    """Whose answer was lost on the way: the same key pair is told again, and nothing private is remembered for that."""

    def ask() -> Any:
        headers = {"Idempotency-Key": f"{person.name}-once"}
        return person.site.hub.api("POST", "/secrets", {"name": "once"}, token=person.token, headers=headers).json()

    first = ask()
    assert ask() == first
    assert "data" not in first
    assert person("secret", "ls", "-q") == "once\n"
    person("secret", "rm", "once")


def test_the_columns_are_the_manuals(person: Person, project: str) -> None:
    """ID NAME TYPE PROJECT AGE, newest first; an account's key has no project; -q has names only."""
    generate(person, "of the project", "--project", project)
    generate(person, "of the account")
    account, of_project = table(person("secret", "ls"))
    assert list(account) == ["ID", "NAME", "TYPE", "PROJECT", "AGE"]
    assert UUID.fullmatch(account["ID"])
    assert (account["NAME"], account["TYPE"], account["PROJECT"]) == ("of the account", "ssh-ed25519", "")
    assert (of_project["NAME"], of_project["PROJECT"]) == ("of the project", project)
    assert person("secret", "ls", "-q") == "of the account\nof the project\n"
    listed = person.json("secret", "ls", "--output", "json")
    assert [item["id"] for item in listed] == [account["ID"], of_project["ID"]]
    assert "data" not in listed[0]
    for row in (account, of_project):
        assert person("secret", "rm", row["ID"]) == f"{row['ID']}\n"
    assert person("secret", "ls", "-q") == ""


def test_inspect(person: Person, project: str) -> None:
    """An array of one object, by name, by id and by the beginning of one."""
    public = generate(person, "seen", "--project", project)
    [found] = person.json("secret", "inspect", "seen")
    assert (found["name"], found["type"], found["project_name"]) == ("seen", "ssh-ed25519", project)
    assert found["public_key"] == public
    assert b"private_key" in base64.b64decode(found["data"], validate=True)
    for ref in (found["id"], found["id"][:-1]):
        assert person.json("secret", "inspect", ref) == [found]
    person("secret", "rm", "seen")


def test_what_is_wrong_is_one_sentence(person: Person, project: str) -> None:
    """No such secret or project, a name that is taken or none, no such kind; an ambiguous name lists ids."""
    generate(person, "twice")
    assert "'twice' already" in person.fails("secret", "generate", "--name", "twice")
    assert "'none-such'" in person.fails("secret", "inspect", "none-such")
    assert "'none-such'" in person.fails("secret", "rm", "none-such")
    assert "'none-such'" in person.fails("secret", "generate", "--project", "none-such", "--name", "n")
    assert "--name" in person.fails("secret", "generate", status=2)
    assert "dsa" in person.fails("secret", "generate", "--name", "n", "--type", "dsa", status=2)
    assert person.fails("secret", "generate", "--name", "a/b").startswith("Error: ")
    generate(person, "twice", "--project", project)
    several = person.fails("secret", "rm", "twice")
    ids = UUID.findall(several)
    assert len(ids) == 2
    assert project in several
    for each in ids:
        person("secret", "rm", each)


def test_who_shares_a_project_uses_its_keys_and_does_not_read_them(person: Person, other: Person, project: str) -> None:
    """A writer sees that there is one; a stranger does not; nobody sees the account's."""
    generate(person, "shared", "--project", project)
    generate(person, "private")
    assert "'shared'" in other.fails("secret", "inspect", "shared")
    person("project", "share", project, other.name)
    assert other("secret", "ls", "-q") == "shared\n"
    assert "owns the project" in other.fails("secret", "inspect", "shared")
    assert "owns the project" in other.fails("secret", "rm", "shared")
    assert "owns the project" in other.fails("secret", "generate", "--project", project, "--name", "n")
    person("project", "unshare", project, other.name)
    assert other("secret", "ls", "-q") == ""
    for name in ("shared", "private"):
        person("secret", "rm", name)


def numbers(private: bytes) -> bytes:
    """What is secret of a key: Ed25519's seed, or one of RSA's primes."""
    key = load_ssh_private_key(private, None)
    if isinstance(key, Ed25519PrivateKey):
        return key.private_bytes_raw()
    assert isinstance(key, RSAPrivateKey)
    return key.private_numbers().p.to_bytes(256, "big")


def marks(private: bytes) -> dict[str, bytes]:
    """Pieces of a private key by which it would be known wherever it stood, as it is and recoded."""
    secret, line = numbers(private), private.splitlines()[-3]
    return {
        "raw": secret,
        "hex": secret.hex().encode(),
        "capital hex": secret.hex().upper().encode(),
        "a line of the file": line,
        "the file without line ends": b"".join(private.splitlines()[1:-1])[-100:-40],
        **{f"base64 of the file, {skipped}": base64.b64encode(line[skipped:])[:-4] for skipped in range(3)},
        **{f"base64 of the numbers, {skipped}": base64.b64encode(secret[skipped:])[:-4] for skipped in range(3)},
    }


def read(path: Path) -> bytes:
    """A file's content; what somebody has removed meanwhile has none."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def found_below(folder: Path, wanted: dict[str, bytes], fewest: int = 5) -> list[tuple[str, str]]:
    """Which of these pieces is in which file."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) >= fewest
    return [(str(path), what) for path in files for what, text in wanted.items() if text in read(path)]


def rows_of(config: Path) -> bytes:
    """All that is in the database that a configuration names, as bytes are and as text shows them."""
    url = ast.literal_eval(config.read_text().partition("db_url = ")[2])
    database = Database(url)
    with database.read() as session:
        values = [v for t in models.metadata.sorted_tables for row in session.execute(select(t)) for v in row]
    database.dispose()
    assert len(values) > 20
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def test_a_task_clones_with_its_projects_key(
    person: Person, other: Person, sshd: SshServer, tmp_path: Path, project: str
) -> None:
    """The server lets in whoever has it: tasks of this project, not those of another; no trace stays on the runner."""
    repository = tmp_path / "fit"
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    (repository / "said").write_text("from the repository\n")
    subprocess.run([*git, "add", "said"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "First"], check=True)
    sshd.authorize(generate(person, "deploy", "--project", project))
    wanted = marks(extract(person, "deploy", "private_key"))
    options = ["-R", f"ssh://{getpass.getuser()}@127.0.0.1:{sshd.port}{repository}"]
    assert person.run(project, *options, "cat", "fit/said").stdout == b"from the repository\n"
    refused = other.run(other.project(), *options, "true", status=None)
    assert refused.returncode != 0
    assert b"Permission denied" in refused.stderr
    person("secret", "rm", "deploy")
    assert person.run(person.project(), *options, "true", status=None).returncode != 0
    assert found_below(person.site.hub.data_dir, wanted) == []
    for place in Path("/dev/shm").glob("dotscience-runner-*"):
        assert found_below(place, wanted, fewest=0) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_private_key_is_where_the_hub_keeps_things(
    person: Person, project: str, tmp_path: Path, kind: str, conformance_arguments: list[str]
) -> None:
    """After it was made, read, and there was a task: in no form in a file, a row of any table, or a log."""
    hub = person.site.hub
    name = f"scanned-{kind}"
    generate(person, name, "--project", project, "--type", kind)
    wanted = marks(private := extract(person, name, "private_key"))
    (tmp_path / "proof").write_bytes(private)
    for number in range(5):
        (tmp_path / f"more{number}").touch()
    assert found_below(tmp_path, wanted), "the search itself must be able to find it"
    person.run(project, "true")
    assert name in person("secret", "ls", "-q")
    assert found_below(hub.data_dir, wanted) == []
    if conformance_arguments[2:]:
        rows = rows_of(Path(conformance_arguments[3]))
        assert name.encode() in rows
        assert [what for what, text in wanted.items() if text in rows] == []
    assert not any(text in hub.data_dir.with_name(f"{hub.data_dir.name}.log").read_bytes() for text in wanted.values())
    person("secret", "rm", name)


def test_the_keys_that_encrypt_are_rotated_while_the_hub_runs(person: Person, conformance_arguments: list[str]) -> None:
    """`dotscience-hub secrets rotate` changes the file of keys, removes the old one; secrets stay readable."""
    hub = person.site.hub
    file = hub.data_dir / "secrets" / "encryption-keys"
    public = generate(person, "before")
    old = file.read_text()
    said = hub.command("secrets", "rotate", *conformance_arguments[2:])
    assert re.search(r"^Encrypted [1-9]\d* secret\(s\) anew", said)
    assert "Removed 1 old key(s)." in said
    assert old.strip() not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert extract(person, "before", "public_key").decode() == f"{public}\n"
    assert extract(person, "before", "private_key").startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    generate(person, "after")
    assert extract(person, "after", "private_key") != extract(person, "before", "private_key")
    for name in ("before", "after"):
        person("secret", "rm", name)
