"""What the document of the pages loads."""

from __future__ import annotations

import json
from pathlib import Path

from dotscience_hub.web.app_page import Entry, app_entry


def build(folder: Path, script: str) -> None:
    manifest = folder / "manifest.json"
    before = manifest.stat().st_mtime_ns if manifest.exists() else 0
    manifest.write_text(json.dumps({"src/main.tsx": {"file": script, "css": ["assets/main.css"]}}))
    while manifest.stat().st_mtime_ns == before:
        manifest.touch()


def test_a_build_made_anew_counts(tmp_path: Path) -> None:
    """What the newest build made is loaded, without a restart; nothing where none was made."""
    assert app_entry(tmp_path) is None
    for script in ("assets/main-1.js", "assets/main-2.js"):
        build(tmp_path, script)
        assert app_entry(tmp_path) == Entry(script, ("assets/main.css",))
