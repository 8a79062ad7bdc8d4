"""Provenance over real tasks: chains, other projects, datasets, what may be seen, and its form as PROV."""

from __future__ import annotations

import dataclasses

import pytest
from dotscience_hub.services.provenance import Provenance

from jupyter_dotscience.api import provenance as api
from jupyter_dotscience.api.problems import BadRequest, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.provenance import Direction, Link
from jupyter_dotscience.api.runs import RunReport
from tests.hub.world import World, changes, user


@dataclasses.dataclass
class Lab:
    """Tasks that record one run each."""

    world: World
    provenance: Provenance

    def run(self, project: str, run: str, reads: list[str], who: str = "ada", **writes: str) -> None:
        """A task whose run reads and writes files (`_` in their names stands for a dot)."""
        agent = self.world.runner(who)
        task = self.world.task(project, who)
        held = self.world.claimed(agent)
        assert held.task == task
        files = {name.replace("_", "."): text for name, text in writes.items()}
        report = RunReport(id=run, inputs=reads, outputs=sorted(files))
        self.world.finish(agent, held, commit=changes(held.commit, **files), runs=[report])

    def ask(self, project: str, who: str = "ada", **query: object) -> api.Provenance:
        return self.provenance.get_provenance(user(who), project=project, query=api.ProvenanceQuery(**query))  # type: ignore[arg-type]

    def links(self, project: str, who: str = "ada", **query: object) -> set[tuple[str, Link, str]]:
        """Edges by the short names of their nodes."""
        found = self.ask(project, who, **query)
        names = {node.id: short(node) for node in found.nodes}
        return {(names[edge.older], edge.link, names[edge.younger]) for edge in found.edges}


def short(node: api.Node) -> str:
    if isinstance(node, api.RunNode):
        return node.run
    return node.path if isinstance(node, api.FileNode) else str(node.name)


@pytest.fixture
def lab(world: World) -> Lab:
    return Lab(world, Provenance(world.database, world.commits))


@pytest.fixture
def chain(lab: Lab) -> str:
    """Clean reads raw.csv and writes clean.csv; train reads that and writes model.bin."""
    project = lab.world.project(grace=Role.READER)
    lab.world.commits.record(project, changes(**{"raw.csv": "raw"}), "ada")
    lab.run(project, "clean", ["raw.csv"], clean_csv="clean")
    lab.run(project, "train", ["clean.csv"], model_bin="model")
    return project


CHAIN = {
    ("raw.csv", Link.READ, "clean"),
    ("clean", Link.WROTE, "clean.csv"),
    ("clean.csv", Link.READ, "train"),
    ("train", Link.WROTE, "model.bin"),
}


def test_ancestors_and_descendants(lab: Lab, chain: str) -> None:
    """From either end of a chain, and from its middle, one finds the whole of it."""
    assert lab.links(chain, path="model.bin") == CHAIN
    assert lab.links(chain, path="raw.csv", direction=Direction.DESCENDANTS) == CHAIN
    assert lab.links(chain, run="train", direction=Direction.BOTH) == CHAIN
    assert lab.links(chain, who="grace", path="model.bin") == CHAIN


def test_depth_and_more(lab: Lab, chain: str) -> None:
    """An answer says where it could go on, and one goes on there by the node's name."""
    found = lab.ask(chain, path="model.bin", depth=2)
    assert {short(node): node.more_ancestors for node in found.nodes} == {
        "model.bin": False, "train": False, "clean.csv": True,
    }  # fmt: skip
    assert found.nodes[0].more_descendants is None
    rest = lab.links(chain, node=found.nodes[-1].id)
    assert rest == {edge for edge in CHAIN if "train" not in edge}
    assert lab.ask(chain, path="model.bin", limit=2).truncated


def test_copies_in_another_project(lab: Lab, chain: str) -> None:
    """A file with the content that a run wrote elsewhere is followed to that run, both ways."""
    other = lab.world.project()
    lab.world.commits.record(other, changes(**{"given.bin": "model"}), "ada")
    lab.run(other, "judge", ["given.bin"], score_txt="0.9")
    copied = {("model.bin", Link.COPIED, "given.bin"), ("given.bin", Link.READ, "judge")}
    ancestors = lab.links(other, path="score.txt", depth=20)
    assert ancestors == CHAIN | copied | {("judge", Link.WROTE, "score.txt")}
    assert lab.links(chain, path="raw.csv", direction=Direction.DESCENDANTS, depth=20) == ancestors


def test_hidden_runs_are_left_out(lab: Lab, chain: str) -> None:
    """Who does not share the project that a file was made in sees no trace of it, not even that there is more."""
    other = lab.world.project("grace")
    lab.world.projects.remove_collaborator(user("ada"), project=chain, user="grace")
    lab.world.commits.record(other, changes(**{"given.bin": "model"}), "grace")
    lab.run(other, "judge", ["given.bin"], "grace", score_txt="0.9")
    found = lab.ask(other, "grace", path="score.txt", depth=20)
    assert [short(node) for node in found.nodes] == ["score.txt", "judge", "given.bin"]
    assert {node.more_ancestors for node in found.nodes} == {False}
    hidden = lab.ask(chain, path="model.bin")
    for node in hidden.nodes:
        with pytest.raises(NotFound):
            lab.ask(other, "grace", node=node.id)
    assert lab.links(chain, path="clean.csv", direction=Direction.DESCENDANTS, depth=20) == {
        ("clean.csv", Link.READ, "train"), ("train", Link.WROTE, "model.bin"),
    }  # fmt: skip


def test_datasets(lab: Lab) -> None:
    """A run comes from the version of the dataset that it saw, and from the files that it read there."""
    project, dataset = lab.world.project(), lab.world.dataset(name="digits", **{"images.csv": "1,2"})
    lab.world.link(project, dataset, "data")
    lab.run(project, "train", ["data/images.csv"], model_bin="model")
    edges = {
        ("images.csv", Link.READ, "train"),
        ("digits", Link.SAW, "train"),
        ("train", Link.WROTE, "model.bin"),
    }
    assert lab.links(project, path="model.bin") == edges
    down = Direction.DESCENDANTS
    assert lab.links(project, dataset=dataset, direction=down) == {edge for edge in edges if edge[1] is not Link.READ}
    of_file = lab.links(project, dataset=dataset, path="images.csv", direction=down)
    assert of_file == {edge for edge in edges if edge[1] is not Link.SAW}
    with pytest.raises(NotFound):
        lab.ask(lab.world.project("grace"), "grace", dataset=dataset)


def test_what_no_version_is_known_of(lab: Lab) -> None:
    """Two runs of other machines name a file alike; nothing says that it is the same."""
    project = lab.world.project()
    lab.run(project, "one", ["secret.csv"], a_txt="a")
    lab.run(project, "two", ["secret.csv"], b_txt="b")
    assert lab.links(project, run="two", direction=Direction.BOTH) == {
        ("secret.csv", Link.READ, "two"), ("two", Link.WROTE, "b.txt"),
    }  # fmt: skip


def test_bad_starts(lab: Lab, chain: str) -> None:
    """There is exactly one start, and it is there."""
    for query in ({}, {"run": "train", "path": "model.bin"}, {"node": "nonsense"}, {"node": "file:\0"}):
        with pytest.raises(BadRequest):
            lab.ask(chain, **query)
    for query in ({"run": "none"}, {"path": "none"}, {"path": "raw.csv", "at": "nowhere"}):
        with pytest.raises(NotFound):
            lab.ask(chain, **query)


def test_prov_json(lab: Lab, chain: str) -> None:
    """Every relation joins things that the document declares, in PROV's words."""
    query = api.ProvenanceQuery(path="model.bin")
    found = lab.provenance.export_provenance(user("ada"), project=chain, query=query)
    assert {entity["prov:label"] for entity in found.entity.values()} == {"raw.csv", "clean.csv", "model.bin"}
    assert {made["prov:label"] for made in found.activity.values()} == {"clean", "train"}
    assert len(found.used) == len(found.was_generated_by) == 2
    for use in found.used.values():
        assert use["prov:activity"] in found.activity
        assert use["prov:entity"] in found.entity
    for made in found.was_generated_by.values():
        assert (made["prov:activity"] in found.activity, made["prov:entity"] in found.entity) == (True, True)
    assert [agent["prov:label"] for agent in found.agent.values()] == ["ada"]
    names = [*found.entity, *found.activity, *found.agent]
    assert all(name.partition(":")[0] in found.prefix and name.count(":") == 1 for name in names)
