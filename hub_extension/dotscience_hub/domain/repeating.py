"""What it takes to do a task again as it was done: the image by digest, the repository's commit; and what is lost."""

from __future__ import annotations

import re

import msgspec

from jupyter_dotscience.api.repeats import Recipe
from jupyter_dotscience.api.tasks import CommandWorkload

MAX_IMAGE = 400
"""Characters of an image's name."""
_IMAGE_ID = re.compile(r"(sha256:)?[0-9a-f]{64}")
_PROCESS = "process"
_BY_HAND = (
    "This run was made in JupyterLab, where cells run in any order: which ones made it is not known. Open its notebook "
    "in JupyterLab and run it there."
)


def image_by_digest(image: str, digest: str) -> str:
    """The name of exactly this content of an image: ``python:3`` and ``sha256:…`` make ``python@sha256:…``.

    See https://github.com/distribution/reference/blob/main/reference.go for the grammar.
    """
    if _IMAGE_ID.fullmatch(image):
        return digest
    folder, slash, last = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def workload_again(recipe: Recipe) -> CommandWorkload:
    """The same command in exactly the image, and with exactly the version of the repository, that it had.

    Raises:
        TypeError: It was no command; see :func:`obstacles`.
    """
    workload, execution = recipe.workload, recipe.execution
    if not isinstance(workload, CommandWorkload):
        raise TypeError("only commands are repeated")
    image, repository = workload.image, workload.repository
    if execution.image_digest is not None:
        image = image_by_digest(image, execution.image_digest)
    if repository is not None and execution.repository_commit is not None:
        repository = msgspec.structs.replace(repository, ref=execution.repository_commit)
    return msgspec.structs.replace(workload, image=image, repository=repository)


def obstacles(recipe: Recipe | None) -> list[str]:
    """Why a run cannot be run again, as far as it shows in what is known of it. Sentences for people."""
    if recipe is None:
        return ["This run was recorded outside of any task of a runner: the hub does not know what ran."]
    if not isinstance(recipe.workload, CommandWorkload):
        return [_BY_HAND]
    if len(workload_again(recipe).image) > MAX_IMAGE:
        return [f"The name of its image is too long to be used with a digest: {MAX_IMAGE} characters at the most."]
    return []


def caveats(recipe: Recipe) -> list[str]:
    """What will not be for sure as it was. Sentences for people."""
    found: list[str] = []
    execution = recipe.execution
    if not isinstance(recipe.workload, CommandWorkload):
        return found
    if execution.backend == _PROCESS:
        found.append("It ran without an image, with what is installed on the runner; that is used as it is now.")
    elif execution.image_digest is None:
        found.append(f"The runner told no digest of its image: {recipe.workload.image} is used as it is now.")
    if recipe.workload.repository is not None and execution.repository_commit is None:
        found.append("Which commit of its repository it used is not known: it is cloned as it is now.")
    if recipe.sealed:
        number = "One variable" if recipe.sealed == 1 else f"{recipe.sealed} variables"
        found.append(f"{number} of its environment were never shown, and are forgotten: it runs without them.")
    return found
