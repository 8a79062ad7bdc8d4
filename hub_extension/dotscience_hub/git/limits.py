"""How much one project may put into its repository at once."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """All in bytes or numbers; set by the hub's configuration.

    Attributes:
        large_file_threshold: Files above this are kept as objects, not in git.
        blob: The largest file that git holds: people who push without git-lfs get some room above the threshold.
        inline: The largest content within one request of the commit API.
        files: Files in one version of a workspace.
        pack: The largest pack in one request or push.
        metadata: Metadata above this stays out of the commit's message and in the store only.
    """

    large_file_threshold: int = 10 * MEBIBYTE
    blob: int = 100 * MEBIBYTE
    inline: int = 16 * MEBIBYTE
    files: int = 1_000_000
    pack: int = 4096 * MEBIBYTE
    metadata: int = MEBIBYTE
