"""Datasets: who sees and changes them, their versions, and their links to projects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from dotscience_hub.services import dataset_links
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.contents import Contents
from dotscience_hub.store import datasets as store
from dotscience_hub.store import versions

from jupyter_dotscience.api import datasets as api
from jupyter_dotscience.api.commits import Change, CommitCreate, MissingQuery, Mode, ObjectRef
from jupyter_dotscience.api.files import TreeQuery
from jupyter_dotscience.api.problems import ApiError, BadRequest, Conflict, NotFound, TooLarge
from jupyter_dotscience.api.projects import Role
from tests.hub.world import START, World, changes, user

ADMIN = user("root", admin=True)
NOT_FORCED = api.DatasetDelete()


def listed(world: World, who: Caller, **query: object) -> list[str]:
    found = world.datasets.list_datasets(who, query=api.DatasetQuery(**query))  # type: ignore[arg-type]
    return [item.id for item in found.items]


def linked_paths(world: World, project: str) -> dict[str, str]:
    shown = world.projects.get_project(user("ada"), project=project)
    return {link.dataset: link.path for link in shown.datasets}


def test_a_dataset_of_files(world: World) -> None:
    """Each version is a commit; the newest one's files and bytes are noted, not counted for each look."""
    dataset = world.dataset("ada", "numbers")
    shown = world.datasets.get_dataset(user("ada"), dataset=dataset)
    assert (shown.name, shown.type, shown.owner, shown.head) == ("numbers", api.DatasetType.FILES, "ada", None)
    assert (shown.files, shown.size, shown.s3, shown.sync, shown.links) == (0, 0, None, None, [])
    first = world.put(dataset, a="one", b__c="three")
    second = world.put(dataset, a="o")
    shown = world.datasets.get_dataset(user("ada"), dataset=dataset)
    assert (shown.head, shown.files, shown.size) == (second, 2, 6)
    tree = world.dataset_files.get_dataset_tree(user("ada"), dataset=dataset, query=TreeQuery(at="main"))
    assert [(file.path, file.commit) for file in tree.items] == [("a", second), ("b/c", first)]


def test_a_note_that_is_behind_is_made_again(world: World) -> None:
    """As after a push, or after the service was killed between a commit and its note."""
    dataset = world.dataset(a="1")
    pushed = world.commits.record(dataset, changes(world.commits.head(dataset), b="22"), "ada").commit
    with world.database.read() as session:
        assert session.get_one(store.DatasetRow, dataset).head != pushed
    found = world.datasets.list_datasets(user("ada"), query=api.DatasetQuery()).items[0]
    assert (found.head, found.files, found.size) == (pushed, 2, 3)
    with world.database.read() as session:
        assert session.get_one(store.DatasetRow, dataset).head == pushed


def test_who_sees_a_dataset(world: World) -> None:
    """Its owner, and who works in a project that links it; an admin finds any, and nobody else knows of it."""
    project = world.project("ada", bob=Role.READER)
    dataset = world.dataset("ada", "numbers")
    assert (listed(world, user("ada")), listed(world, user("bob")), listed(world, ADMIN)) == ([dataset], [], [])
    world.link(project, dataset, "data")
    assert (listed(world, user("bob")), listed(world, user("eve"))) == ([dataset], [])
    assert listed(world, ADMIN, ref="numbers") == listed(world, ADMIN, ref=dataset[:13]) == [dataset]
    world.dataset_links.unlink_dataset(user("ada"), project=project, dataset=dataset)
    assert listed(world, user("bob")) == []


def test_links_name_only_projects_that_the_caller_sees(world: World) -> None:
    """Who shares one project learns nothing of another that has the same dataset."""
    shared, private = world.project("ada", bob=Role.READER), world.project("ada")
    dataset = world.dataset("ada", "numbers")
    for project in (shared, private):
        world.link(project, dataset, "data")
    seen = {
        who: [link.project for link in world.datasets.get_dataset(caller, dataset=dataset).links]
        for who, caller in {"bob": user("bob"), "ada": user("ada"), "root": ADMIN}.items()
    }
    assert seen["bob"] == [shared]
    assert sorted(seen["ada"]) == sorted(seen["root"]) == sorted([shared, private])


def test_pages(world: World) -> None:
    """Newest first, in pages; a prefix of an id, or a name that several have, finds all it can mean."""
    made = [world.dataset("ada", "same") for _ in range(3)][::-1]
    page = world.datasets.list_datasets(user("ada"), query=api.DatasetQuery(limit=2))
    rest = world.datasets.list_datasets(user("ada"), query=api.DatasetQuery(limit=2, cursor=page.next))
    assert ([item.id for item in page.items + rest.items], rest.next) == (made, None)
    assert listed(world, user("ada"), ref="same") == made
    assert listed(world, user("ada"), ref="a\0b") == []


def test_a_bucket_is_tried_before_anything_is_created(world: World) -> None:
    """With wrong keys there is no dataset; with right ones the secret is sealed, and never shown again."""
    s3 = api.S3Create(bucket="b", access_key_id="key", secret_access_key="wrong", prefix="p/")
    with pytest.raises(BadRequest):
        world.datasets.prepare_create_dataset(user("ada"), body=api.DatasetCreate(name="n", s3=s3))
    assert listed(world, user("ada")) == []
    dataset = world.bucket()
    assert world.syncs.requested == [dataset]
    shown = world.datasets.get_dataset(user("ada"), dataset=dataset)
    assert (shown.type, shown.s3) == (
        api.DatasetType.S3,
        api.S3Source(bucket="bucket", prefix="", endpoint_url=None, region=None, access_key_id="id"),
    )
    assert shown.sync is not None
    assert shown.sync.state is api.SyncState.WAITING
    assert "right" not in repr(shown)
    with world.database.read() as session:
        sealed = session.get_one(store.SourceRow, dataset).secret_access_key
    assert b"right" not in sealed
    assert world.keyring.open(sealed, f"dataset_sources/{dataset}/secret_access_key") == b"right"


@pytest.mark.parametrize("field", ["bucket", "access_key_id", "secret_access_key", "prefix", "endpoint_url", "region"])
def test_texts_of_a_bucket_that_no_server_can_have(world: World, field: str) -> None:
    """Are refused before they reach the database."""
    texts = {"bucket": "b", "access_key_id": "k", "secret_access_key": "right", field: "a\0b"}
    body = api.DatasetCreate(name="n", s3=api.S3Create(**texts))
    with pytest.raises(BadRequest):
        world.datasets.prepare_create_dataset(user("ada"), body=body)


def test_files_are_not_sent_into_the_copy_of_a_bucket(world: World) -> None:
    """And a dataset of files cannot be synchronised; both say what to do instead."""
    bucket, files = world.bucket(), world.dataset()
    with pytest.raises(Conflict, match="copy of a bucket") as caught:
        world.put(bucket, a="1")
    assert caught.value.code == "dataset_is_synchronised"
    with pytest.raises(Conflict):
        world.dataset_files.find_dataset_missing(user("ada"), dataset=bucket, body=MissingQuery())
    with pytest.raises(Conflict, match="ds dataset put"):
        world.datasets.sync_dataset(user("ada"), dataset=files)
    assert world.datasets.sync_dataset(user("ada"), dataset=bucket).id == bucket
    assert world.syncs.requested == [bucket, bucket]


def test_a_dataset_has_one_branch(world: World) -> None:
    """Its versions follow each other on main."""
    dataset = world.dataset()
    body = CommitCreate(message="m", created=START, branch="heads/other")
    with pytest.raises(BadRequest, match="main"):
        world.dataset_files.create_dataset_commit(user("ada"), dataset=dataset, body=body)


def test_links(world: World) -> None:
    """A dataset is linked at one path of a project; to link it again moves it; two cannot share a path."""
    project, one, two = world.project(), world.dataset(name="one"), world.dataset(name="two")
    world.link(project, one, "./data/")
    world.link(project, one, "data/in")
    world.link(project, two, "data/Out")
    assert linked_paths(world, project) == {one: "data/in", two: "data/Out"}
    for taken in ("data/in", "data", "data/in/more"):
        with pytest.raises(Conflict, match="one") as caught:
            world.link(project, two, taken)
        assert caught.value.code == "path_taken"
    world.link(project, two, "data/IN")
    assert [link.path for link in world.projects.get_project(user("ada"), project=project).datasets] == [
        "data/IN",
        "data/in",
    ]
    with pytest.raises(BadRequest):
        world.link(project, one, "../data")
    world.dataset_links.unlink_dataset(user("ada"), project=project, dataset=one)
    with pytest.raises(NotFound):
        world.dataset_links.unlink_dataset(user("ada"), project=project, dataset=one)
    assert linked_paths(world, project) == {two: "data/IN"}


def test_a_project_has_so_many_datasets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused; one that is there may still move."""
    monkeypatch.setattr(dataset_links, "MOST", 2)
    project, datasets = world.project(), [world.dataset() for _ in range(3)]
    for number, dataset in enumerate(datasets[:2]):
        world.link(project, dataset, f"data{number}")
    with pytest.raises(Conflict, match="2 datasets"):
        world.link(project, datasets[2], "data2")
    world.link(project, datasets[0], "moved")
    assert linked_paths(world, project) == {datasets[0]: "moved", datasets[1]: "data1"}


def test_a_quota_is_of_each_dataset(world: World) -> None:
    """What a project or another dataset has does not count."""
    one, other = world.dataset(), world.dataset()
    contents = Contents(world.database, world.commits.repositories, world.objects, 10)
    with world.database.write() as session:
        versions.add_objects(session, one, {"0" * 64: 8}, START)
    assert (contents.room(one), contents.room(other)) == (2, 10)
    with pytest.raises(TooLarge):
        contents.find_missing(one, MissingQuery(objects=[ObjectRef(sha256="1" * 64, size=3)]))
    assert contents.find_missing(other, MissingQuery(objects=[ObjectRef(sha256="1" * 64, size=3)])).objects
    contents.close()


def test_what_the_workspace_has_is_in_the_way(world: World) -> None:
    """A file, a folder or a symlink at the path, and a file or symlink on the way there; a folder on the way is not."""
    project, dataset = world.project(), world.dataset()
    link = Change(path="link", mode=Mode.SYMLINK, size=4, data=b"/etc")
    files = [Change(path=path, size=1, data=b"x") for path in ("file", "folder/inside")]
    world.commits.record(project, CommitCreate(message="m", created=START, changes=[link, *files]), "ada")
    refusals = {
        "file": "path_taken",
        "folder": "path_taken",
        "folder/inside/more": "path_taken",
        "file/x": "path_taken",
        "link": "path_is_symlink",
        "link/passwd": "path_is_symlink",
    }
    for path, code in refusals.items():
        with pytest.raises(Conflict) as caught:
            world.link(project, dataset, path)
        assert (path, caught.value.code) == (path, code)
    world.link(project, dataset, "folder/beside")
    assert linked_paths(world, project) == {dataset: "folder/beside"}


def test_of_two_links_at_a_time_one_is_refused(world: World) -> None:
    """Also where neither path is the other's."""
    project = world.project()
    wanted = {world.dataset(): path for path in ("data", "data/x", "data/x/y", "data", "data/x")}

    def link(dataset: str, path: str) -> str:
        try:
            world.link(project, dataset, path)
        except Conflict as error:
            return error.code
        return "linked"

    with ThreadPoolExecutor(len(wanted)) as pool:
        answers = list(pool.map(link, wanted, wanted.values()))
    assert sorted(answers) == ["linked", *["path_taken"] * 4]


def test_a_linked_dataset_is_not_deleted(world: World) -> None:
    """Unless it is said so; the refusal names the projects, but none that the caller does not see."""
    project, elsewhere = world.project("ada"), world.project("bob", ada=Role.WRITER)
    dataset = world.dataset("ada")
    for each in (project, elsewhere):
        world.link(each, dataset, "data")
    world.projects.remove_collaborator(user("bob"), project=elsewhere, user="ada")
    with pytest.raises(Conflict) as caught:
        world.datasets.delete_dataset(user("ada"), dataset=dataset, query=NOT_FORCED)
    assert (caught.value.code, caught.value.detail) == ("dataset_linked", {"projects": [project]})
    assert project in str(caught.value)
    assert elsewhere not in str(caught.value)
    assert "1 that you cannot see" in str(caught.value)
    world.datasets.delete_dataset(user("ada"), dataset=dataset, query=api.DatasetDelete(force=True))
    assert linked_paths(world, project) == {}


def test_a_deleted_dataset_is_gone(world: World) -> None:
    """With its history, and what was asked for it."""
    files, bucket = world.dataset(a="1"), world.bucket()
    world.synced(bucket, a="1")
    for dataset in (files, bucket):
        assert world.commits.repositories.exists(dataset)
        world.datasets.delete_dataset(user("ada"), dataset=dataset, query=NOT_FORCED)
        assert not world.commits.repositories.exists(dataset)
        with pytest.raises(NotFound):
            world.datasets.get_dataset(user("ada"), dataset=dataset)
        with pytest.raises(NotFound):
            world.dataset_files.get_dataset_tree(user("ada"), dataset=dataset, query=TreeQuery())
    assert (world.syncs.requested, listed(world, user("ada"))) == ([], [])


def test_a_deleted_project_leaves_its_datasets(world: World) -> None:
    """They belong to their owner, and can be deleted then without force."""
    project, dataset = world.project(), world.dataset(a="1")
    world.link(project, dataset, "data")
    world.projects.delete_project(user("ada"), project=project)
    shown = world.datasets.get_dataset(user("ada"), dataset=dataset)
    assert (shown.links, shown.files) == ([], 1)
    world.datasets.delete_dataset(user("ada"), dataset=dataset, query=NOT_FORCED)


def test_link_and_deletion_at_a_time(world: World) -> None:
    """Either the link is there and the deletion refused, or the dataset is gone and the link refused."""
    for _ in range(5):
        project, dataset = world.project(), world.dataset()

        def attempt(work: str, project: str = project, dataset: str = dataset) -> str:
            try:
                if work == "link":
                    world.link(project, dataset, "data")
                else:
                    world.datasets.delete_dataset(user("ada"), dataset=dataset, query=NOT_FORCED)
            except ApiError as error:
                return error.code
            return "done"

        with ThreadPoolExecutor(2) as pool:
            outcome = tuple(pool.map(attempt, ("link", "delete")))
        assert outcome in {("done", "dataset_linked"), ("not_found", "done")}


def test_commits_at_a_time_leave_the_newest_noted(world: World) -> None:
    """Whoever counts last, counts what is there."""
    dataset = world.dataset()

    def put(name: str) -> None:
        body = changes(None, **{name: "x"})
        world.dataset_files.create_dataset_commit(user("ada"), dataset=dataset, body=body)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, ("a", "b", "c", "d", "e", "f")))
    with world.database.read() as session:
        row = session.get_one(store.DatasetRow, dataset)
    assert (row.head, row.files, row.size) == (world.commits.head(dataset), 6, 6)
