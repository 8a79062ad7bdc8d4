"""Files that are saved become versions by themselves."""

from __future__ import annotations

from .conftest import Study
from .server import wait_for


def test_a_saved_file_is_on_the_hub_soon_after(study: Study) -> None:
    """Saving, renaming and deleting in JupyterLab each reach main, and the status says so."""
    with study.jupyter(study.clone(study.project)) as server:
        server.save("a.txt", "one")
        wait_for(lambda: "a.txt" in study.files(), "the file on the hub")
        status = server.wait_for_state("pushed")
        assert status["commit"] == study.client.get_tree(project=study.project).commit
        assert server.request("PATCH", "api/contents/a.txt", {"path": "b.txt"}).status == 200
        wait_for(lambda: study.files() == {"b.txt"}, "the new name on the hub")
        assert server.request("DELETE", "api/contents/b.txt").status == 204
        wait_for(lambda: study.files() == set(), "the file to be gone")
