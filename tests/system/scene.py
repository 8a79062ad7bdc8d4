"""A project with everything in it that a route can name, and the callers that may come."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from dotscience_hub.launcher.hubconfig import ACCESS

from jupyter_dotscience.api.routes import PREFIX, Scope
from tests.hubprocess import Answer, RunningHub

CONTENT = b"content of one large file"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MOMENT = "2026-01-02T03:04:05Z"


@dataclass
class People:
    """Users of the hub by the part that they play, with tokens that may do everything they may.

    Attributes:
        names: By part.
        tokens: By part; those of the owner that lack one scope are ``narrow:SCOPE``.
    """

    hub: RunningHub
    names: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, hub: RunningHub, prefix: str) -> People:
        people = cls(hub)
        for part in ("owner", "writer", "reader", "stranger", "guest"):
            name = f"{prefix}-{part}"
            password = hub.command("user", "add", name).strip()
            people.names[part] = name
            people.tokens[part] = hub.token(name, password)
            if part == "owner":
                people._narrow(name, password)
        people.tokens["admin"] = hub.admin_token
        return people

    def _narrow(self, name: str, password: str) -> None:
        """The owner's tokens that lack one scope. Who may write may read, so without reading there is no writing."""
        for lacking in Scope:
            implying = {Scope.PROJECTS_WRITE, Scope.TASKS_WRITE} if lacking is Scope.PROJECTS_READ else set()
            scopes = [scope.value for scope in Scope if scope not in {lacking, *implying}]
            self.tokens[f"narrow:{lacking.value}"] = self.hub.token(name, password, [ACCESS, *scopes])

    def ask(self, part: str, method: str, path: str, body: Any = None) -> Any:
        """What the hub answers; it must be what was asked for."""
        answer = self.hub.api(method, path, body, token=self.tokens[part])
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return json.loads(answer.body) if answer.body else None


@dataclass
class Scene:
    """One project of the owner, shared, with a running and an ended task, runs, files, objects and runners.

    Attributes:
        ids: What goes into paths and bodies.
        tokens: Of runners and tasks.
    """

    people: People
    ids: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, people: People) -> Scene:
        scene = cls(people)
        scene._make_project()
        scene._make_runners()
        scene._make_tasks()
        return scene

    def _make_project(self) -> None:
        ask, people, ids = self.people.ask, self.people, self.ids
        project = ids["project"] = ask("owner", "POST", "/projects", {})["id"]
        for part in ("writer", "reader", "guest"):
            role = {"role": "reader" if part == "guest" else part}
            ask("owner", "PUT", f"/projects/{project}/collaborators/{people.names[part]}", role)
        ids["user"] = people.names["guest"]
        change = {"path": "a.txt", "size": 1, "data": "YQ=="}
        commit = {"message": "First", "created": MOMENT, "changes": [change]}
        ids["commit"] = ask("owner", "POST", f"/projects/{project}/commits", commit)["commit"]
        ids["sha256"] = SHA256
        put = people.hub.api("PUT", f"/projects/{project}/objects/{SHA256}", CONTENT, token=people.tokens["owner"])
        assert put.status == 204
        ids["run"] = f"run-{project}"
        ids["secret"] = ask("owner", "POST", "/secrets", {"name": "key", "project": project})["id"]
        self._make_dataset(project)
        ask("owner", "POST", f"/projects/{project}/runs", {"runs": [{"id": ids["run"], "summary": {"a": "1"}}]})
        said = ask("owner", "POST", f"/projects/{project}/runs/{ids['run']}/comments", {"text": "Good"})
        ids["comment"] = said["id"]

    def _make_dataset(self, project: str) -> None:
        ask, people, ids = self.people.ask, self.people, self.ids
        dataset = ids["dataset"] = ask("owner", "POST", "/datasets", {"name": "numbers"})["id"]
        commit = {"message": "First", "created": MOMENT, "changes": [{"path": "a.txt", "size": 1, "data": "YQ=="}]}
        ids["dataset commit"] = ask("owner", "POST", f"/datasets/{dataset}/commits", commit)["commit"]
        put = people.hub.api("PUT", f"/datasets/{dataset}/objects/{SHA256}", CONTENT, token=people.tokens["owner"])
        assert put.status == 204
        ask("owner", "PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"})

    def _make_runners(self) -> None:
        for name, part in (("runner", "owner"), ("other runner", "stranger")):
            made = self.people.ask(part, "POST", "/runners", {})
            self.tokens[name] = made["token"]
            if name == "runner":
                self.ids["runner"] = made["runner"]["id"]

    def _make_tasks(self) -> None:
        ended = self._claim(self._queue())
        finish = {"fence": ended["fence"], "outcome": "exited", "exit_code": 0, "execution": {}}
        answer = self.as_runner("POST", f"/runner/tasks/{ended['task']}/finish", finish)
        assert answer.status == 200, answer.body
        self.ids["ended"], self.tokens["ended task"] = ended["task"], ended["task_token"]
        current = self._claim(self._queue())
        self.ids["task"], self.ids["fence"] = current["task"], current["fence"]
        self.tokens["task"] = current["task_token"]
        # A running task of another project: right of its kind, and none of its business.
        elsewhere = self.people.ask("owner", "POST", "/projects", {})["id"]
        self.tokens["other task"] = self._claim(self._queue(elsewhere))["task_token"]

    def _queue(self, project: str | None = None) -> str:
        workload = {"kind": "command", "command": ["true"]}
        path = f"/projects/{project or self.ids['project']}/tasks"
        return str(self.people.ask("owner", "POST", path, {"workload": workload})["id"])

    def _claim(self, task: str) -> dict[str, Any]:
        """The assignment of this task; what lies before it in the queue is taken too."""
        while True:
            answer = self.as_runner("POST", "/runner/claim", {"wait": 5})
            assignment: dict[str, Any] | None = answer.json()["assignment"]
            assert assignment is not None
            if assignment["task"] == task:
                return assignment

    def as_runner(self, method: str, path: str, body: Any) -> Answer:
        return self.people.hub.api(method, path, body, token=self.tokens["runner"])

    def state(self) -> dict[str, Any]:
        """All that a request might change, as the admin sees it."""
        project, task, ended = (self.ids[name] for name in ("project", "task", "ended"))
        paths = [
            *(f"/projects/{project}{end}" for end in ("", "/tree", "/commits", "/branches", "/runs", "/summaries")),
            *(f"/projects/{project}/runs/{self.ids['run']}/{what}" for what in ("points", "comments")),
            *(f"/tasks/{each}{end}" for each in (task, ended) for end in ("", "/logs?all=true")),
            f"/runners/{self.ids['runner']}",
            f"/secrets?project={project}",
            *(f"/datasets/{self.ids['dataset']}{end}" for end in ("", "/tree", "/commits")),
            *(f"/{kind}?limit=1000" for kind in ("projects", "tasks", "runners", "datasets")),
        ]
        return {path: self._look(path) for path in paths}

    def _look(self, path: str) -> Any:
        answer = self.people.hub.request("GET", PREFIX + path, token=self.people.tokens["admin"])
        return answer.status, _without_hearsay(answer.body)


def _without_hearsay(body: bytes) -> Any:
    """The body without what any call of a runner changes: when it was last heard of."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    for item in [found, *found.get("items", [])] if isinstance(found, dict) else []:
        for name in ("last_seen", "status") if "last_seen" in item else ():
            del item[name]
    return found
