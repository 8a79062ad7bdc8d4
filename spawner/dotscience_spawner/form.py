"""The page on which a person chooses a project and a machine for JupyterLab."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from jupyter_dotscience.api.projects import Project

_FIELD = """
<div class="mb-3">
  <label class="form-label" for="ds-{name}">{label}</label>
  <input class="form-control" id="ds-{name}" name="{name}" {more} aria-describedby="ds-{name}-help">
  <div class="form-text" id="ds-{name}-help">{help}</div>
</div>"""


def render(projects: Iterable[Project], *, image: str, chosen: str = "", problem: str = "") -> str:
    """The fields; JupyterHub puts them into its form.

    Args:
        projects: Those of the person and shared with them.
        image: The default image.
        chosen: Id or name of the project that is chosen at first.
        problem: One sentence when the projects are not known.
    """
    return _projects(list(projects), chosen, problem) + "".join(
        _FIELD.format(name=name, label=label, more=more, help=text)
        for name, label, more, text in (
            ("image", "Image", f'placeholder="{escape(image)}" maxlength="400" autocomplete="off"',
             "A container image with jupyterhub and jupyterlab. Left empty: the hub's usual one."),
            ("labels", "Runner labels", 'placeholder="room=12 fast" autocomplete="off"',
             "Only a runner that has all of them is used. Left empty: any."),
            ("cpus", "CPU cores", 'type="number" min="0.1" max="4096" step="0.1"',
             "At the most. Left empty: all of the runner's."),
            ("gpus", "GPUs", 'type="number" min="-1" max="64" step="1" placeholder="0"',
             "Needs a runner with GPUs; -1 for all of them."),
            ("memory", "Memory", 'placeholder="4G" pattern="[0-9.]+ *[kKmMgGtT]?[iI]?[bB]?"',
             "At the most, such as 512M or 4G. Left empty: no limit."),
        )
    )  # fmt: skip


def _projects(projects: list[Project], chosen: str, problem: str) -> str:
    if problem:
        return f'<div class="alert alert-danger" role="alert">{escape(problem)}</div>' + _TEXT.format(escape(chosen))
    if not projects:
        text = "You have no project yet: make one with `ds project create NAME`, or on Dotscience's pages."
        return f'<div class="alert alert-info" role="alert">{escape(text)}</div>' + _TEXT.format(escape(chosen))
    options = "".join(
        f'<option value="{escape(project.id)}"{_selected(project, chosen)}>{escape(_told(project))}</option>'
        for project in projects
    )
    return (
        '<div class="mb-3"><label class="form-label" for="ds-project">Project</label>'
        f'<select class="form-select" id="ds-project" name="project" required autofocus>{options}</select></div>'
    )


_TEXT = (
    '<div class="mb-3"><label class="form-label" for="ds-project">Project</label>'
    '<input class="form-control" id="ds-project" name="project" required value="{}"></div>'
)


def _selected(project: Project, chosen: str) -> str:
    return " selected" if chosen and chosen in (project.id, project.name) else ""


def _told(project: Project) -> str:
    """Names need not be unique, and other people's projects are among them."""
    return f"{project.name} ({project.owner}, {project.id[-4:]})"
