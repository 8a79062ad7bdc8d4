"""Two people, a project and a JupyterLab on a runner, in the browser: what they do, and what they must see."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.problems import NotFound
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.tasks import Task, TaskListQuery
from jupyter_dotscience.client import Client
from tests.scenarios.conftest import Agent
from tests.system.lab import wait_for

from .conftest import PAGES, Visitor
from .jupyterlab import LOADING, await_lab, notebook, run_cell, tab

CODE = """\
import dotscience as ds
ds.interactive()
ds.start("{description}")
rate = ds.parameter("rate", {rate})
open(ds.output("model.txt"), "w").write(str(rate))
ds.summary("accuracy", {accuracy})
ds.publish()
"""
CELLS = (
    CODE.format(description="first try", rate=0.1, accuracy=0.8),
    "kept = 'through it all'\n" + CODE.format(description="second try", rate=0.2, accuracy=0.9),
    "print(kept)",
)
STARTING = 90_000
"""Milliseconds that a start may take, with what a loaded machine adds."""


@dataclass
class Story:
    """One project of one person, whose colleague joins.

    Attributes:
        owner: Whose project it is.
        colleague: Who joins.
        client: The hub's API, as the owner.
        folder: For runners, and files to upload.
        backend: Options of the agents.
        image: What the form of JupyterLab is given; empty for the hub's usual one.
    """

    owner: Visitor
    colleague: Visitor
    client: Client
    folder: Path
    backend: tuple[str, ...]
    image: str = ""
    project: str = ""
    agents: dict[str, Agent] = field(default_factory=dict)
    lab: Any = None

    def __post_init__(self) -> None:
        """A tab for JupyterLab beside that of the hub's pages."""
        self.lab = self.owner.page.context.new_page()
        self.lab.set_default_timeout(60_000)

    # Before

    def add_runner(self, room: str) -> None:
        """A runner of the owner, with the label of a room."""
        token = self.client.create_runner(RunnerCreate(name=room, labels={"room": room})).token
        place = self.folder / f"runner in {room}"
        place.mkdir()
        self.agents[room] = Agent(self.owner.hub.url, token, place, *self.backend)
        self.agents[room].start()

    def create_project(self) -> None:
        """By the button of the hub's pages, with files that are dropped there."""
        page = self.owner.open("")
        page.get_by_role("button", name="New project").click()
        page.get_by_role("dialog").get_by_label("Name").fill("Digits")
        page.get_by_role("button", name="Create").click()
        page.wait_for_url("**/projects/*/settings")
        self.project = page.url.split("/")[-2]
        (self.folder / "train.ipynb").write_text(json.dumps(notebook(*CELLS)))
        (self.folder / "notes.txt").write_text("to do: everything\n")
        self._upload(self.owner, "train.ipynb", "notes.txt")

    def _upload(self, who: Visitor, *names: str) -> None:
        page = who.open(f"projects/{self.project}/files")
        page.set_input_files('input[aria-label="Upload files"]', [self.folder / name for name in names])
        page.get_by_role("dialog").get_by_role("button", name="Upload").click()
        page.locator("dialog").wait_for(state="detached")

    # JupyterLab

    def start(self, room: str) -> None:
        """From the project's page through the hub's form, which has the project chosen, into JupyterLab."""
        page = self.lab
        page.goto(f"{self.owner.hub.url}{PAGES}projects/{self.project}/runs")
        page.get_by_role("link", name="JupyterLab", exact=True).click()
        assert page.get_by_label("Project").input_value() == self.project
        page.get_by_label("Runner labels").fill(f"room={room}")
        page.get_by_label("Image").fill(self.image)
        page.locator("#spawn_form [type=submit]").click()
        page.wait_for_url("**/lab**", timeout=STARTING)
        assert self.task.runner_name == room
        self.open_notebook()

    def open_notebook(self) -> None:
        """The notebook in front, and the panel beside it."""
        self.lab.goto(f"{self.address}lab/tree/train.ipynb?reset")
        await_lab(self.lab)

    @property
    def task(self) -> Task:
        """The newest task of the project: its JupyterLab."""
        return self.client.list_tasks(query=TaskListQuery(project=self.project, limit=1)).items[0]

    @property
    def server(self) -> str:
        """Its name on the hub."""
        return self.client.get_project(project=self.project).server

    @property
    def address(self) -> str:
        return f"{self.owner.hub.url}/user/{self.owner.name}/{self.server}/"

    def run_cells(self, *numbers: int) -> None:
        """As a person does, and save."""
        for number in numbers:
            run_cell(self.lab, number)
        self.lab.keyboard.press("Control+s")

    def restart_agent(self, room: str) -> None:
        """Kill it with no chance to say anything, and start it again."""
        self.agents[room].kill()
        self.agents[room].start()

    # What is seen

    def sees_runs_in_panel(self) -> None:
        """Both runs as cards with what they recorded, which lead to the runs' pages."""
        tab(self.lab, "Runs")
        for description, accuracy in (("first try", "0.8"), ("second try", "0.9")):
            card = self.lab.get_by_role("article", name=f"Run {description}")
            card.get_by_text(accuracy).wait_for()
            page = self.owner.page
            page.goto(self.owner.hub.url + card.get_by_role("link", name=description).get_attribute("href"))
            page.get_by_role("heading", name=description).wait_for()

    def sees_outputs(self) -> None:
        """What the cells printed is in the notebook, though this kernel never ran them."""
        self.lab.locator(".jp-Notebook .jp-OutputArea-output", has_text="through it all").wait_for()

    def sees_version_in_panel(self, path: str, author: str) -> None:
        """The newest version of a file that is opened."""
        self.lab.goto(f"{self.address}lab/tree/{path}?reset")
        await_lab(self.lab)
        tab(self.lab, "History")
        self.lab.get_by_role("article").first.get_by_text(author).wait_for()

    def sees_all_on_pages(self) -> None:
        """Runs, versions and the notebook with its outputs, on the hub's own pages."""
        page = self.owner.open(f"projects/{self.project}/runs")
        for description in ("first try", "second try"):
            page.get_by_role("link", name=description).wait_for()
        page = self.owner.open(f"projects/{self.project}/commits")
        page.locator(".commits a").nth(1).wait_for()
        page = self.owner.open(f"projects/{self.project}/files?path=train.ipynb")
        page.locator(".notebook").get_by_text("through it all").last.wait_for()

    def on_main(self, path: str) -> bytes:
        """A file of the project; empty when it is not there."""
        try:
            with self.client.get_file(project=self.project, query=FileQuery(path=path)) as reader:
                return bytes(reader.readall())
        except NotFound:
            return b""

    def await_saved_outputs(self) -> None:
        """The notebook's outputs are on the hub."""
        wait_for(lambda: b"through it all\\n" in self.on_main("train.ipynb"), "the notebook's outputs on main")

    # Together

    def let_colleague_in(self) -> None:
        """First into the project, then into the JupyterLab that runs, by the task's page."""
        self.owner.api("PUT", f"/projects/{self.project}/collaborators/{self.colleague.name}", {"role": "writer"})
        page = self.owner.open(f"tasks/{self.task.id}")
        page.get_by_label("Who to let in").select_option(self.colleague.name)
        page.get_by_role("button", name="Let in").click()
        page.get_by_role("button", name=f"Remove {self.colleague.name}").wait_for()

    def colleague_edits(self, path: str, text: str) -> None:
        """In the owner's JupyterLab, which the hub asks them to confirm, in a layout of their own."""
        page = self.colleague.open(f"tasks/{self.task.id}")
        page.get_by_role("link", name="Open JupyterLab").click()
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url("**/lab**")
        page.goto(f"{self.address}lab/workspaces/{self.colleague.name}/tree/{path}")
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=LOADING)
        editor = page.locator(".jp-FileEditor .cm-content")
        editor.click(timeout=LOADING)
        page.keyboard.press("Control+Home")
        page.keyboard.type(text)
        page.keyboard.press("Control+s")
        wait_for(lambda: text.encode() in self.on_main(path), "the colleague's words on main")

    def colleague_uploads(self, name: str) -> None:
        """On the hub's pages, beside what goes on in JupyterLab."""
        (self.folder / name).write_text("from a colleague\n")
        self._upload(self.colleague, name)

    # The end

    def stop(self) -> None:
        """On JupyterHub's own page."""
        task = self.task.id
        page = self.owner.page
        page.goto(self.owner.hub.url + "/hub/home")
        page.locator(f"#stop-{self.server}").click()
        ended = wait_for(lambda: (found := self.client.get_task(task=task)).status.terminal and found, "the end")
        assert ended.status == "stopped", ended.message
        page.locator(f"#start-{self.server}").wait_for()

    def close(self) -> None:
        """Leave nothing running, and show what the agents said."""
        self.lab.close()
        try:
            self._stop_tasks()
        finally:
            for agent in self.agents.values():
                agent.end()
                print(agent.log.read_text(errors="replace"))
            self.client.close()

    def _stop_tasks(self) -> None:
        active = [task.id for task in self.client.list_tasks().items if not task.status.terminal]
        for task in active:
            self.client.stop_task(task=task)
        wait_for(
            lambda: all(self.client.get_task(task=task).status.terminal for task in active), "the end of all tasks"
        )
