"""Provenance as W3C PROV-JSON: https://www.w3.org/submissions/prov-json/ (terms: https://www.w3.org/TR/prov-dm/).

File and dataset versions are entities, runs activities, their authors agents. Identifiers are qualified names, so that
each needs a prefix and a local part; what a local part cannot hold is percent-encoded.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

from jupyter_dotscience.api import provenance as api

PREFIXES = {"ds": "urn:dotscience:terms:", "node": "urn:dotscience:node:", "user": "urn:dotscience:user:"}


def document(found: api.Provenance) -> api.ProvDocument:
    """The same nodes and edges in the terms of PROV."""
    made = api.ProvDocument(prefix=PREFIXES)
    for node in found.nodes:
        if isinstance(node, api.RunNode):
            _run(made, node)
        else:
            made.entity[_name(node.id)] = _entity(node)
    for number, edge in enumerate(found.edges):
        _relate(made, f"_:{number}", edge)
    return made


def _run(made: api.ProvDocument, node: api.RunNode) -> None:
    name, agent = _name(node.id), f"user:{quote(node.author, safe='')}"
    facts: dict[str, Any] = {
        "prov:type": _qualified("ds:Run"),
        "prov:label": node.description or node.run,
        "prov:startTime": _time(node.started),
        "prov:endTime": _time(node.ended),
        "ds:project": node.project,
        "ds:status": node.status.value,
        "ds:task": node.task,
        "ds:workloadFile": node.workload_file,
        "ds:commit": node.commit,
    }
    made.activity[name] = _known(facts)
    made.agent[agent] = {"prov:type": _qualified("prov:Person"), "prov:label": node.author}
    association = f"_:by{len(made.was_associated_with)}"
    made.was_associated_with[association] = {"prov:activity": name, "prov:agent": agent}


def _entity(node: api.FileNode | api.DatasetNode) -> dict[str, Any]:
    if isinstance(node, api.DatasetNode):
        facts = {"prov:type": _qualified("ds:DatasetVersion"), "prov:label": node.name, "ds:dataset": node.dataset}
        return _known({**facts, "ds:commit": node.commit})
    return _known({
        "prov:type": _qualified("ds:FileVersion"),
        "prov:label": node.path,
        "ds:project": node.project,
        "ds:dataset": node.dataset,
        "ds:commit": node.commit,
        "ds:sha256": node.sha256,
    })  # fmt: skip


def _relate(made: api.ProvDocument, name: str, edge: api.Edge) -> None:
    older, younger = _name(edge.older), _name(edge.younger)
    if edge.link is api.Link.WROTE:
        made.was_generated_by[name] = {"prov:entity": younger, "prov:activity": older}
    elif edge.link is api.Link.COPIED:
        made.was_derived_from[name] = {"prov:generatedEntity": younger, "prov:usedEntity": older}
    else:
        made.used[name] = {"prov:activity": younger, "prov:entity": older, "prov:role": f"ds:{edge.link.value}"}


def _name(node: str) -> str:
    return f"node:{quote(node, safe='')}"


def _qualified(name: str) -> dict[str, str]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _time(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
