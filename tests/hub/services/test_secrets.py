"""Secrets: who may see, read and use them, on both databases, with keys that OpenSSH takes."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from dotscience_hub.services import secrets as service
from dotscience_hub.services.keypairs import make_key_pair
from dotscience_hub.store import models
from dotscience_hub.store.keyring import Keyring, new_key
from dotscience_hub.store.sealing import rotate_file

from jupyter_dotscience.api import secrets as api
from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, LeaseLost, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.protocol import SecretsQuery
from jupyter_dotscience.api.secrets import SecretType
from tests.hub.world import Agent, World, user
from tests.require import require


def made(world: World, name: str = "k", who: str = "ada", **fields: object) -> api.Secret:
    body = api.SecretCreate(name=name, **fields)  # type: ignore[arg-type]
    return world.secrets.create_secret(user(who), body=body)


def listed(world: World, who: str, *, admin: bool = False, **query: object) -> list[str]:
    page = world.secrets.list_secrets(user(who, admin=admin), query=api.SecretQuery(**query))  # type: ignore[arg-type]
    return [item.name for item in page.items]


def halves(world: World, secret: str, who: str = "ada", *, admin: bool = False) -> tuple[str, str]:
    data = json.loads(base64.b64decode(world.secrets.get_secret(user(who, admin=admin), secret=secret).data))
    assert list(data) == ["public_key", "private_key"]
    public, private = (base64.b64decode(data[name]).decode() for name in ("public_key", "private_key"))
    return public, private


def for_task(world: World, agent: Agent, task: str, fence: int = 1) -> list[str]:
    found = world.secrets.get_task_secrets(agent.caller, task=task, body=SecretsQuery(fence=fence))
    return [item.name for item in found.items]


@pytest.mark.parametrize("kind", list(SecretType))
def test_openssh_takes_both_halves(kind: SecretType, tmp_path: Path) -> None:
    """`ssh-keygen` finds the public half in the private one, without a passphrase, and the comment is one word."""
    require(shutil.which("ssh-keygen") is not None, "ssh-keygen (apt-get install openssh-client)")
    pair = make_key_pair(kind, "my project/k\u2028\x85\u202e\n\té")
    (file := tmp_path / "key").write_text(pair.private)
    file.chmod(0o600)
    words = pair.public.split(" ")
    assert words[0] == kind.value
    assert words[2:] == ["my-project/k-----é"]
    derived = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", file], capture_output=True, text=True, check=True)
    assert derived.stdout.split()[:2] == words[:2]
    bits = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, text=True, check=True).stdout.split()[
        0
    ]
    assert bits == ("256" if kind is SecretType.ED25519 else "4096")


def test_a_new_secret(world: World) -> None:
    """It has what it was made with and a public half; its owner reads both halves, which belong together."""
    project = world.project()
    secret = made(world, "deploy", project=project)
    assert (secret.name, secret.type, secret.owner) == ("deploy", SecretType.ED25519, "ada")
    assert (secret.project, secret.project_name) == (project, "a project")
    assert secret.public_key.endswith(" a-project/deploy")
    public, private = halves(world, secret.id)
    assert public == secret.public_key + "\n"
    assert private.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    own = made(world, "deploy")
    assert (own.project, own.project_name) == (None, None)
    assert own.public_key != secret.public_key


def test_who_sees_reads_and_removes(world: World) -> None:
    """Of a project: owners all, others that it is there, strangers nothing; an admin no private half of others."""
    project = world.project("ada", bob=Role.WRITER, eve=Role.READER, cy=Role.OWNER)
    secret = made(world, project=project).id
    assert halves(world, secret, "cy") == halves(world, secret, "ada")
    for who in ("bob", "eve"):
        assert listed(world, who) == ["k"]
        with pytest.raises(Forbidden, match="owns the project"):
            halves(world, secret, who)
        with pytest.raises(Forbidden, match="owns the project"):
            world.secrets.delete_secret(user(who), secret=secret)
        with pytest.raises(Forbidden, match="owns the project"):
            made(world, "mine", who, project=project)
    assert listed(world, "mallory", ref=secret) == []
    for call in (world.secrets.get_secret, world.secrets.delete_secret):
        with pytest.raises(NotFound):
            call(user("mallory"), secret=secret)
    with pytest.raises(NotFound):
        made(world, who="mallory", project=project)
    assert listed(world, "boss", admin=True) == []
    assert listed(world, "boss", admin=True, ref=secret) == ["k"]
    with pytest.raises(Forbidden):
        halves(world, secret, "boss", admin=True)
    world.secrets.delete_secret(user("boss", admin=True), secret=secret)
    assert listed(world, "ada") == []


def test_an_accounts_secrets_are_its_users_alone(world: World) -> None:
    """Nobody else sees one, whatever they share; an admin can remove it, not read it."""
    world.project("ada", bob=Role.OWNER)
    secret = made(world).id
    assert (listed(world, "ada"), listed(world, "bob")) == (["k"], [])
    with pytest.raises(NotFound):
        halves(world, secret, "bob")
    with pytest.raises(Forbidden, match="owns the account"):
        halves(world, secret, "boss", admin=True)
    halves(world, made(world, who="boss").id, "boss", admin=True)


@pytest.mark.parametrize("secret", ["nonsense", "", "a\0b", "0189aaaa-0000-7000-8000-000000000001"])
def test_no_such_secret(world: World, secret: str) -> None:
    """Whatever is not a secret's id is not there."""
    for call in (world.secrets.get_secret, world.secrets.delete_secret):
        with pytest.raises(NotFound):
            call(user("ada"), secret=secret)


def test_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is taken once in each project and account; there is a most."""
    one, other = world.project(), world.project()
    for project in (None, one, other):
        made(world, project=project)
        with pytest.raises(Conflict, match="has a secret 'k' already"):
            made(world, project=project)
    made(world, who="bob")
    monkeypatch.setattr(service, "MOST", 1)
    with pytest.raises(Conflict, match="the most"):
        made(world, "l")


def test_listing(world: World) -> None:
    """Newest first, by name, id, prefix or project, page by page."""
    project = world.project()
    secrets = [made(world, name, project=project if name == "b" else None) for name in "abc"]
    assert listed(world, "ada") == ["c", "b", "a"]
    assert listed(world, "ada", project=project) == ["b"]
    assert listed(world, "ada", ref="a") == ["a"]
    assert listed(world, "ada", ref=secrets[1].id) == ["b"]
    assert set(listed(world, "ada", ref=secrets[2].id[:18])) >= {"c"}
    first = world.secrets.list_secrets(user("ada"), query=api.SecretQuery(limit=2))
    assert [item.name for item in first.items] == ["c", "b"]
    assert listed(world, "ada", limit=2, cursor=first.next) == ["a"]
    with pytest.raises(BadRequest):
        listed(world, "ada", cursor="nonsense")


def test_what_a_task_gets(world: World) -> None:
    """Its project's keys, then those of its creator's account, each in the order of their making; no others."""
    project = world.project("ada", bob=Role.WRITER)
    for name, where, who in (
        ("account 1", None, "bob"), ("project 1", project, "ada"), ("account 2", None, "bob"),
        ("project 2", project, "ada"), ("other account", None, "ada"), ("other project", world.project(), "ada"),
    ):  # fmt: skip
        made(world, name, who, project=where)
    task, agent = world.task(project, "bob"), world.runner("boss", shared=True)
    world.claimed(agent)
    assert for_task(world, agent, task) == ["project 1", "project 2", "account 1", "account 2"]
    keys = world.secrets.get_task_secrets(agent.caller, task=task, body=SecretsQuery(fence=1)).items
    assert keys[0].private_key == halves(world, next(s.id for s in _all(world) if s.name == "project 1"))[1]


def _all(world: World) -> list[api.Secret]:
    return world.secrets.list_secrets(user("ada"), query=api.SecretQuery()).items


def test_an_accounts_keys_reach_no_runner_of_others(world: World) -> None:
    """A project's owner who runs a collaborator's task gets the project's keys on their runner, not the account's."""
    project = world.project("ada", bob=Role.WRITER)
    made(world, "project's", project=project)
    made(world, "bob's", "bob")
    for owner, expected in (("ada", ["project's"]), ("bob", ["project's", "bob's"])):
        task, agent = world.task(project, "bob"), world.runner(owner)
        assert world.claimed(agent).task == task
        assert for_task(world, agent, task) == expected


def test_only_who_holds_the_lease(world: World) -> None:
    """Another runner, an older fence, and a task that has ended get nothing."""
    project = world.project()
    made(world, project=project)
    task, agent, other = world.task(project), world.runner(), world.runner()
    assignment = world.claimed(agent)
    with pytest.raises(NotFound):
        for_task(world, other, task)
    with pytest.raises(LeaseLost):
        for_task(world, agent, task, fence=assignment.fence + 1)
    world.finish(agent, assignment)
    with pytest.raises(LeaseLost):
        for_task(world, agent, task, fence=assignment.fence)


def test_reading_while_keys_rotate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the row and that at the keys both may be renewed: the reader does not notice."""
    secret = made(world)
    expected = halves(world, secret.id)
    opened = Keyring.open
    rotated: list[bool] = []

    def open_late(self: Keyring, sealed: bytes, about: str) -> bytes:
        if not rotated:
            rotated.append(True)
            thread = threading.Thread(target=rotate_file, args=(world.database, world.keys, models.metadata))
            thread.start()
            thread.join()
        return opened(self, sealed, about)

    monkeypatch.setattr(Keyring, "open", open_late)
    # The rotation itself opens too, by then as it always does.
    assert halves(world, secret.id) == expected
    assert rotated == [True]


def test_without_its_key_a_secret_is_a_conflict(world: World) -> None:
    """Not a failure that programs would repeat for ever; new secrets can be made."""
    secret = made(world)
    world.keys.write([new_key()])
    with pytest.raises(Conflict, match="administrator"):
        halves(world, secret.id)
    halves(world, made(world, "new").id)


def test_deleting(world: World) -> None:
    """A deleted secret is gone for people and tasks; a project takes its secrets with it."""
    project = world.project()
    first, second = made(world, "1", project=project), made(world, "2", project=project)
    world.secrets.delete_secret(user("ada"), secret=first.id)
    with pytest.raises(NotFound):
        halves(world, first.id)
    world.projects.delete_project(user("ada"), project=project)
    with pytest.raises(NotFound):
        halves(world, second.id)
    assert listed(world, "ada") == []


def test_nothing_shows_a_private_half(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the texts of objects nor logs do; that it was read, and by whom, is logged."""
    caplog.set_level(logging.DEBUG)
    secret = made(world)
    both = world.secrets.get_secret(user("ada"), secret=secret.id)
    _, private = halves(world, secret.id)
    task, agent = world.task(world.project()), world.runner()
    world.claimed(agent)
    given = world.secrets.get_task_secrets(agent.caller, task=task, body=SecretsQuery(fence=1))
    pair = make_key_pair(SecretType.ED25519, "")
    shown = "\n".join(map(repr, (both, given, *given.items, pair))) + caplog.text
    secrets = [private, pair.private, both.data]
    assert [text for text in secrets if text in shown or text.splitlines()[1 if "\n" in text else 0] in shown] == []
    assert f"'ada' reads the private half of secret {secret.id}" in caplog.text
