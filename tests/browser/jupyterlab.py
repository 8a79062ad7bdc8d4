"""JupyterLab in a browser: notebooks, cells, and the panel beside them."""

from __future__ import annotations

from typing import Any

PANEL = "#dotscience-panel"
LOADING = 90_000
"""Milliseconds that JupyterLab may take to come up."""


def notebook(*cells: str) -> dict[str, Any]:
    """A notebook of code cells."""
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell{number}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def await_lab(page: Any) -> None:
    """Wait until JupyterLab can be used, and show the panel."""
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=LOADING)
    page.locator("li[data-id=dotscience-panel]").click(timeout=LOADING)
    page.locator(PANEL).wait_for()


def run_cell(page: Any, number: int) -> None:
    """Run a code cell of the notebook in front, once it has a kernel, and wait until it has run."""
    # The indicator alone says so also before there is a kernel, and a cell that is run then asks which one to start.
    page.locator(".jp-KernelName").get_by_text("Python 3").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    # JupyterLab moves the focus while it opens panels and notebooks: a key may go elsewhere, as a person would see.
    for _ in range(10):
        if page.locator(".jp-Dialog").count():
            page.locator(".jp-Dialog .jp-mod-accept").click()
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        for _ in range(50):
            if cell.locator(".jp-OutputArea-output").count():
                return
            page.wait_for_timeout(100)
    raise AssertionError("The cell does not run")


def tab(page: Any, name: str) -> None:
    """One of the panel's pages."""
    page.locator(PANEL).get_by_role("tab", name=name, exact=True).click()
