"""Remote mode: publish to a hub over the network, from code that runs anywhere.

The requests are those of the library published as `dotscience` 0.8.7, found by watching it: JSON-RPC at
``/v2/dotmesh/rpc`` (``Ping``, ``Lookup``, ``Commit``), projects at ``/v2/projects``, and files at
``/v2/dotmesh/s3/<user>:<workspace>/<path>``. One difference: each output is sent on its own, where 0.8.7
packs several into an archive, which it can only do for a model. As there, input files are not recorded: no
version of them is known. Building and deploying models is not offered.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import Any, Iterator

from dotscience._errors import RemoteError
from dotscience._http import Connection
from dotscience._run import Run

_RENAMED = {"labels": "label", "output": "output-files"}


class Hub:
    """One project on a hub, as the place where runs go.

    Args:
        username: the user's name on the hub.
        apikey: a token of that user.
        project: the project's name; it is created if there is none.
        hostname: the hub's address with scheme.

    Raises:
        ValueError: ``project`` or ``hostname`` is missing, or is no address.
    """

    def __init__(self, username: str, apikey: str, project: str, hostname: str) -> None:
        if not project:
            raise ValueError("Name a project as the third argument of ds.connect().")
        self._user = username
        self._project_name = project
        self._project: str | None = None
        self._connection = Connection(hostname, username, apikey)

    def ping(self) -> None:
        """Ask whether the hub is there and knows the user.

        Raises:
            RemoteError: it is not, or does not.
        """
        self._call("Ping")

    def publish(self, run_id: str, run: Run) -> str:
        """Upload the run's outputs, then record it.

        Returns:
            The address of the run's page.

        Raises:
            RemoteError: an output is missing or outside the workspace (nothing was sent then), or the hub
                refuses.
        """
        metadata = run.metadata()
        outputs = {path: _existing(run.root, path) for path in metadata["output"]}
        project = self._find_project()
        place = {"Namespace": self._user, "Name": f"project-{project[:8]}-default-workspace", "Branch": ""}
        for path, file in outputs.items():
            self._connection.put(f"/v2/dotmesh/s3/{self._user}:{place['Name']}/{path}", file)
        self._call("Lookup", place)
        record = commit_metadata(self._user, run_id, metadata)
        self._call("Commit", {**place, "Message": "Remote dotscience run", "Metadata": record})
        return f"{self._connection.address}/project/{project}/runs/metric/{run_id}"

    def _find_project(self) -> str:
        if self._project is None:
            found = (p for p in self._connection.get("/v2/projects") if p["name"] == self._project_name)
            project = next(found, None) or self._connection.post("/v2/projects", {"name": self._project_name})
            self._project = str(project["id"])
        return self._project

    def _call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        request: dict[str, Any] = {"jsonrpc": "2.0", "method": f"DotmeshRPC.{method}", "id": 1}
        if params is not None:  # 0.8.7 sends no empty one
            request["params"] = params
        answer = self._connection.post("/v2/dotmesh/rpc", request)
        if not isinstance(answer, dict) or "result" not in answer:
            problem = answer.get("error") if isinstance(answer, dict) else answer
            reason = problem.get("message") if isinstance(problem, dict) else problem
            raise RemoteError(f"The hub refused {method}: {reason}.")
        return answer["result"]


def _existing(root: str, path: str) -> str:
    file = os.path.join(root, path)
    if os.path.isabs(path) or path.split(os.sep, 1)[0] == os.pardir:
        raise RemoteError(f"The output {path} is outside the workspace {root}.")
    if not os.path.isfile(file):
        raise RemoteError(f"The output {path} does not exist in {root}.")
    return file


def commit_metadata(author: str, run_id: str, metadata: dict[str, Any]) -> dict[str, str]:
    """The flat map that records one run with a commit ("Run Metadata Format" 1, as 0.8.7 sends it).

    Args:
        author: the user's name.
        run_id: the run's id.
        metadata: the content of its marker, with both times.
    """
    record = {
        "type": "dotscience.run.v1",
        "author": author,
        "workload.type": "remote",
        "exec.start": metadata["start"],
        "exec.end": metadata["end"],
        "exec.logs": "[]",
        "runner.name": platform.node(),
        "runner.platform": platform.system(),
        "runner.platform_version": platform.version(),
        "runs": json.dumps([run_id]),
    }
    own = {**dict(_flat(metadata)), "authority": "remote", "workload-file": (sys.argv or [""])[0]}
    record.update((f"run.{run_id}.{key}", value) for key, value in own.items())
    return record


def _flat(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in metadata.items():
        name = _RENAMED.get(key, key)
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", text) for inner, text in value.items())
        elif isinstance(value, str):
            yield name, value
        elif key != "input":
            yield name, json.dumps(value)
