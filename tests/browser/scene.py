"""One of everything that the pages show, each called by texts that a test chooses."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .conftest import Visitor

MOMENT = "2026-01-02T03:04:05Z"
LATER = "2026-01-02T03:05:06Z"
SHA1, SHA256 = "a" * 40, "b" * 64
STREAMS = ("stdout", "stderr", "agent", "pull", "committer")
PLAIN = {"first": "Digits of the post", "second": "Second try"}
Body = Callable[[str], Any]


@dataclass
class Scene:
    """A project, runs, tasks, a runner, a dataset, keys, with what people write in them.

    Attributes:
        visitor: Whose they are.
        texts: What people wrote, by what is special about it.
        ids: For the addresses of pages.
        refused: Which texts the hub did not take, by what they were to be.
    """

    visitor: Visitor
    texts: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, visitor: Visitor, texts: Mapping[str, str] = PLAIN) -> Scene:
        scene = cls(visitor, texts)
        scene._make_projects()
        scene._make_dataset()
        scene._make_runs()
        scene._make_files(f"/projects/{scene.ids['project']}", "commit", "since")
        scene._make_files(f"/datasets/{scene.ids['dataset']}", "dataset_commit", "dataset_since")
        scene._make_tasks()
        scene._each("secret", "POST", "/secrets", lambda text: {"name": text})
        return scene

    @property
    def written(self) -> list[str]:
        """All texts that can stand in a list of texts: NUL is taken nowhere."""
        return [text for text in self.texts.values() if "\0" not in text]

    def _each(self, what: str, method: str, path: str, body: Body) -> list[Any]:
        """Send one request for each text; the answers of the hub where it took the text."""
        found = []
        for name, text in self.texts.items():
            answer = self.visitor.hub.api(method, path, body(text), token=self.visitor.token)
            assert answer.status in (200, 201, 400), (what, name, answer.body)
            if answer.status == 400:
                self.refused.setdefault(what, set()).add(name)
            else:
                found.append(answer.json())
        assert found, what
        return found

    def _make_projects(self) -> None:
        made = self._each("project", "POST", "/projects", lambda text: {"name": text, "description": text[:9000]})
        self.ids["project"] = made[0]["id"]
        about = "\n".join(self.texts.values())[:9000]
        self.visitor.api("PATCH", f"/projects/{made[0]['id']}", {"description": about})

    def _make_dataset(self) -> None:
        made = self._each("dataset", "POST", "/datasets", lambda text: {"name": text})
        self.ids["dataset"] = made[0]["id"]
        path = f"/projects/{self.ids['project']}/datasets/{{}}"
        for number, dataset in enumerate(made[:20]):
            text = list(self.texts.values())[number].replace("/", "_").strip()[:200]
            body = {"path": text or "data"}
            self.visitor.hub.api("PUT", path.format(dataset["id"]), body, token=self.visitor.token)

    def _make_runs(self) -> None:
        path = f"/projects/{self.ids['project']}/runs"
        serial = iter(range(1000))
        self._each("run", "POST", path, lambda text: {"runs": [_run(f"run-{next(serial):04d}", text, [text])]})
        self._each("comment", "POST", f"{path}/run-0000/comments", lambda text: {"text": text})
        everything = _run("run-all", "\n".join(self.written), self.written, status="running")
        self.visitor.api("POST", path, {"runs": [everything]})
        values = {text[:500]: 1.5 for text in self.written}
        points = {"first": 0, "points": [[step, step * 10**9, values] for step in range(3)]}
        self.visitor.api("POST", f"{path}/run-all/points", points)
        self.ids |= {"run": "run-0000", "other": "run-0001", "all": "run-all"}

    def _make_files(self, place: str, last: str, since: str) -> None:
        head: list[str | None] = [None]

        def commit(text: str, files: dict[str, str] | None = None) -> dict[str, Any]:
            written = {f"{text}.txt": text} if files is None else files
            changes = [_change(path, content) for path, content in written.items()]
            return {"parent": head[0], "message": text or "Files", "created": MOMENT, "changes": changes}

        first = self.visitor.api("POST", f"{place}/commits", commit("First files", contents(self.written[:1])))
        head[0] = self.ids[since] = first["commit"]

        def next_one(text: str) -> dict[str, Any]:
            head[0] = self.visitor.api("GET", place)["head"]
            return commit(text)

        self._each("file", "POST", f"{place}/commits", next_one)
        head[0] = self.visitor.api("GET", place)["head"]
        made = self.visitor.api("POST", f"{place}/commits", commit("\n".join(self.written), contents(self.written)))
        self.ids[last] = made["commit"]

    def _make_tasks(self) -> None:
        body = {"description": self.written[0][:9000], "labels": {}}
        made = self._each("runner", "POST", "/runners", lambda text: {**body, "name": text, "description": text[:9000]})
        labelled = {"labels": {f"label{number}": text[:200] for number, text in enumerate(self.written)}}
        made.append(self.visitor.api("POST", "/runners", {**body, **labelled}))
        agent = Agent(self, made[-1]["token"])
        self.ids["runner"] = made[-1]["runner"]["id"]
        self.ids["task"], self.ids["live"] = agent.ended(), agent.running()
        self.ids["queued"] = agent.queue("true")


@dataclass(frozen=True)
class Agent:
    """What an agent says to the hub, with the scene's texts wherever it can say something."""

    scene: Scene
    token: str

    def ask(self, path: str, body: Any) -> Any:
        answer = self.scene.visitor.hub.api("POST", f"/runner/{path}", body, token=self.token)
        assert answer.status < 300, (path, answer.body)
        return answer.json() if answer.body else None

    def queue(self, *command: str) -> str:
        environment = {f"V{number}": text for number, text in enumerate(self.scene.written)}
        workload = {"kind": "command", "command": list(command), "environment": environment}
        path = f"/projects/{self.scene.ids['project']}/tasks"
        return str(self.scene.visitor.api("POST", path, {"workload": workload})["id"])

    def ended(self) -> str:
        """A task that failed, with a log, a run and files."""
        place, held = self._begin()
        text = "\n".join(self.scene.written)
        commit = {
            "branch": f"tasks/{held['task']}", "parent": held["commit"], "message": text, "created": LATER,
            "changes": [_change("model.txt", text)],
        }  # fmt: skip
        report = _run("run-task", text, self.scene.written) | {"inputs": ["all.csv"], "outputs": ["model.txt"]}
        end = {"outcome": "exited", "exit_code": 3, "message": text[:9000], "execution": self._execution()}
        self.ask(f"{place}/finish", {"fence": held["fence"], **end, "commit": commit, "runs": [report]})
        return str(held["task"])

    def running(self) -> str:
        """A task that is at work."""
        return str(self._begin()[1]["task"])

    def _begin(self) -> tuple[str, dict[str, Any]]:
        texts = self.scene.written
        facts = {"version": texts[0], "backend": "\n".join(texts), "isolation": "\n".join(texts)}
        self.ask("hello", {"protocol": 1, **facts, "machine": self._machine()})
        self.queue("train", *texts)
        held: dict[str, Any] = self.ask("claim", {"wait": 10})["assignment"]
        place, fence = f"tasks/{held['task']}", {"fence": held["fence"]}
        told = {"status": "running", "message": "\n".join(texts)[:9000], "execution": self._execution()}
        self.ask(f"{place}/report", {**fence, **told})
        lines = [(stream, f"{text[:8000]}\n") for stream in STREAMS for text in texts]
        entries = [[seq, stream, 10**18, _base64(line)] for seq, (stream, line) in enumerate(lines)]
        self.ask(f"{place}/logs", {**fence, "entries": entries})
        return place, held

    def _machine(self) -> dict[str, Any]:
        texts = self.scene.written
        return {"hostname": texts[0], "platform": texts[-1], "platform_version": texts[0], "cpus": texts, "gpus": texts}

    def _execution(self) -> dict[str, Any]:
        text = "\n".join(self.scene.written)
        told = {"backend": text, "isolation": text, "image_digest": text, "runner_version": text}
        usage = {"cpu_seconds": 12.5, "peak_memory": 10**9}
        return {**told, "machine": self._machine(), "started": MOMENT, "ended": LATER, "usage": usage}


def _run(run: str, text: str, texts: list[str], *, status: str = "failed") -> dict[str, Any]:
    values = {each[:500]: each for each in texts}
    return {
        "id": run, "description": text, "error": text, "workload_file": text[:4000], "status": status,
        "started": MOMENT, "ended": LATER, "labels": values,
        "parameters": {**values, "rate": f"{len(text) % 97}"},
        "summary": {**values, "accuracy": f"0.{len(text) % 89}"},
        "inputs": [each[:4000] for each in texts], "outputs": [each[:4000] for each in texts],
    }  # fmt: skip


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _change(path: str, content: str) -> dict[str, Any]:
    return {"path": path, "size": len(content.encode()), "data": _base64(content)}


def contents(texts: list[str]) -> dict[str, str]:
    """Files of each kind that the pages show, full of texts."""
    return {
        "all.txt": "\n".join(texts),
        "all.md": "\n\n".join(texts),
        "all.csv": _separated(texts, ","),
        "all.tsv": _separated(texts, "\t"),
        "page.html": f"<!DOCTYPE html><title>x</title>{''.join(texts)}",
        "picture.svg": svg(texts),
        "picture.png": "".join(texts),
        "prose.ipynb": notebook([_cell("markdown", text) for text in texts]),
        "outputs.ipynb": notebook([_cell("code", text, outputs(text)) for text in texts]),
    }


def _separated(texts: list[str], separator: str) -> str:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=separator)
    writer.writerow(["name", *(text[:50] for text in texts[:20])])
    writer.writerows([[text, text] for text in texts])
    return made.getvalue()


def svg(texts: list[str]) -> str:
    """A picture that does what pictures must not do."""
    inner = "<script>top.hacked=1</script><image href='http://evil.example/p.png' width='9' height='9'/>"
    frame = (
        f"<foreignObject width='9' height='9'><body xmlns='http://www.w3.org/1999/xhtml'>{inner}</body></foreignObject>"
    )
    told = "".join(f"<!-- {text.replace('-', '_')} -->" for text in texts if text.isprintable())
    begin = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='30' onload='top.hacked=1'>"
    return f"{begin}<rect width='90' height='30' fill='#b8460e'/>{inner}{frame}{told}</svg>"


def _cell(kind: str, source: str, made: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    cell = {"id": "x", "cell_type": kind, "source": source, "metadata": {}}
    return cell if made is None else {**cell, "execution_count": 1, "outputs": made}


KINDS = (
    "text/html", "image/svg+xml", "application/javascript", "text/latex", "text/markdown", "image/png", "text/plain",
    "application/vnd.jupyter.widget-view+json",
)  # fmt: skip


def outputs(text: str) -> list[dict[str, Any]]:
    """What a cell can show, each in its own output."""
    shown = [{"output_type": "display_data", "metadata": {}, "data": {kind: text}} for kind in KINDS]
    error = {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]}
    return [*shown, {"output_type": "stream", "name": "stderr", "text": text}, error]


def notebook(cells: list[dict[str, Any]]) -> str:
    """A notebook of format 4."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
