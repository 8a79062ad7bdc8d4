"""A clone, made where no user can write, by a git that takes orders from nobody but us.

Whatever is in the workspace, a clone is made anew: the `.git` of one that is there was within a task's reach, and its
configuration could have git run programs. What the repository itself has decides over nothing that runs either: no
hooks, no filters, no submodules, and only the transport of the URL.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jupyter_dotscience.workspace.git import Git

from .address import Address, RepositoryError
from .program import QUIET_SECONDS, Watch, run

MAX_FILES: Final = 1_000_000
_HASH: Final = re.compile(r"[0-9a-f]{7,40}")
_FULL: Final = re.compile(r"[0-9a-f]{40}")
_BRANCHES: Final = "refs/remotes/origin/"
_TAGS: Final = "refs/tags/"
_ROOM = 64 << 20
"""Bytes of the disk that stay free."""
_CONFIG: Final = f"""\
[core]
\trepositoryFormatVersion = 0
\tfileMode = true
\tbare = false
\tlogAllRefUpdates = true
[remote "origin"]
\tfetch = +refs/heads/*:{_BRANCHES}*
"""
# Mistakes of old programs that harm nobody: git-fsck(1) has their meaning. All other findings refuse the repository.
_HARMLESS: Final = (
    "badDate", "badEmail", "badFilemode", "badName", "badTimezone", "missingEmail", "missingNameBeforeEmail",
    "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTaggerEntry", "nullSha1", "zeroPaddedDate",
    "zeroPaddedFilemode",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What is checked out.

    Attributes:
        commit: 40 hexadecimal digits.
        branch: Its name, if it is one.
        words: For people: "branch main".
    """

    commit: str
    branch: str | None
    words: str


class Clone:
    """One repository on its way.

    Args:
        folder: Private and empty; on the file system of the workspace.
        address: Where it is.
        watch: What is done meanwhile.
        limit: Bytes that history and files may have together.
        ssh: The command line of ssh, where the address needs it.
    """

    def __init__(self, folder: Path, address: Address, watch: Watch, limit: int, ssh: str | None = None) -> None:
        self.folder, self._address, self._limit = folder, address, limit
        self._watch = Watch(watch.say, watch.cancelled, self._guard)
        self._packs = folder / "git" / "objects" / "pack"
        self._git = Git(folder / "git", _settings(address), variables=_variables(address, ssh))

    def make(self, ref: str | None) -> tuple[Path, Chosen]:
        """Clone, and check out.

        Args:
            ref: A branch, tag or commit hash; the remote's default branch without.

        Returns:
            The folder with files and ``.git``, and what was checked out.

        Raises:
            Cancelled: nobody wants it any more.
            RepositoryError: it cannot be had, with git's own words.
        """
        self._run("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
        default, head = self._ask_default()
        self._fetch()
        chosen = self._find(ref) if ref is not None else self._find_default(default, head)
        self._check_size(chosen.commit)
        files = self._write_files(chosen.commit)
        self._set_up(chosen, default)
        (self.folder / "git").rename(files / ".git")
        return files, chosen

    def _run(self, *arguments: str, quiet_seconds: float | None = None) -> str:
        return run(self._git, self._watch, *arguments, quiet_seconds=quiet_seconds)

    def _is(self, *arguments: str) -> str | None:
        """The answer of a command that may fail, which is an answer too and not for the log."""
        try:
            return run(self._git, Watch(lambda _: None, self._watch.cancelled), *arguments).strip()
        except RepositoryError:
            return None

    def _guard(self) -> None:
        """A server could send without end."""
        size = 0
        for path in self._packs.glob("*") if self._packs.is_dir() else ():
            try:
                size += path.stat().st_size
            except FileNotFoundError:
                continue  # it has just got its final name
        self._check_room(size, 0)

    def _check_room(self, size: int, more: int) -> None:
        if size + more > self._limit:
            raise RepositoryError(f"it is larger than the {self._limit / 1e9:.1f} GB that this runner has for one")
        if more + _ROOM > shutil.disk_usage(self.folder).free:
            raise RepositoryError("the runner's disk has no space left for it")

    def _ask_default(self) -> tuple[str | None, str | None]:
        """The default branch, and the commit that the remote's HEAD is."""
        branch = head = None
        for line in self._run("ls-remote", "--symref", "origin", "HEAD", quiet_seconds=QUIET_SECONDS).splitlines():
            what, _, name = line.partition("\t")
            if name == "HEAD" and what.startswith("ref: refs/heads/"):
                branch = what.removeprefix("ref: refs/heads/")
            elif name == "HEAD" and _FULL.fullmatch(what):
                head = what
        return branch, head

    def _fetch(self, *wanted: str) -> None:
        self._run(
            "fetch", "--progress", "--tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--no-auto-maintenance", "origin", *wanted, quiet_seconds=QUIET_SECONDS,
        )  # fmt: skip

    def _find_default(self, branch: str | None, head: str | None) -> Chosen:
        if branch is not None and (found := self._branch(branch)):
            return found
        if head is None:
            raise RepositoryError("it is empty, or has no default branch; name one with -b")
        return self._commit(head) or self._fetched(head)

    def _find(self, ref: str) -> Chosen:
        """A name before a hash, a branch before a tag. None of these is ever an option or an expression to git."""
        found = self._branch(ref.removeprefix("refs/heads/")) or self._tag(ref.removeprefix("refs/tags/"))
        if found is None and _HASH.fullmatch(ref.lower()):
            found = self._commit(ref.lower())
            if found is None and _FULL.fullmatch(ref.lower()):
                found = self._fetched(ref.lower())
        if found is None:
            raise RepositoryError(f"it has no branch, tag or commit {ref!r}")
        return found

    def _branch(self, name: str) -> Chosen | None:
        commit = self._peeled(_BRANCHES + name)
        return Chosen(commit, name, f"branch {name}") if commit else None

    def _tag(self, name: str) -> Chosen | None:
        commit = self._peeled(_TAGS + name)
        return Chosen(commit, None, f"tag {name}") if commit else None

    def _commit(self, digits: str) -> Chosen | None:
        commit = self._is("rev-parse", "--verify", "--quiet", "--end-of-options", f"{digits}^{{commit}}")
        # Abbreviations are of hashes; a ref of that name is not what was meant.
        return Chosen(commit, None, f"commit {digits}") if commit and commit.startswith(digits) else None

    def _peeled(self, ref: str) -> str | None:
        """The commit of a ref by its exact full name."""
        if self._is("show-ref", "--verify", "--", ref) is None:
            return None
        return self._is("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")

    def _fetched(self, commit: str) -> Chosen:
        """Servers give commits that no branch has when they are asked for by their full hash."""
        self._fetch(commit)
        found = self._commit(commit)
        if found is None:
            raise RepositoryError(f"{commit} is no commit")
        return found

    def _check_size(self, commit: str) -> None:
        """Before a file is written: a small repository can stand for any number of large files."""
        count = _Count(self._check_files)
        run(self._git, self._watch, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, consumer=count.take)
        self._check_files(count)

    def _check_files(self, count: _Count) -> None:
        if count.files > MAX_FILES:
            raise RepositoryError(f"it has more than {MAX_FILES} files")
        self._check_room(sum(path.stat().st_size for path in self._packs.glob("*")), count.size)

    def _write_files(self, commit: str) -> Path:
        files = self.folder / "files"
        files.mkdir(mode=0o755)
        self._run("read-tree", commit)
        run(self._git, self._watch, "checkout-index", "--all", "--quiet", work_tree=files)
        return files

    def _set_up(self, chosen: Chosen, default: str | None) -> None:
        """Make of our bare repository one that whoever runs the task can use, as `git clone` leaves it."""
        # An index without times and inodes is the same whenever it is made, so a second clone of the same is no change.
        (self._git.repository / "index").unlink()
        self._run("read-tree", chosen.commit)
        # Thousands of branches need not be as many files in the workspace.
        self._run("pack-refs", "--all")
        if default is not None and self._branch(default):
            self._run("symbolic-ref", f"{_BRANCHES}HEAD", _BRANCHES + default)
        if chosen.branch is not None:
            self._run("update-ref", f"refs/heads/{chosen.branch}", chosen.commit)
            self._run("symbolic-ref", "HEAD", f"refs/heads/{chosen.branch}")
        else:
            self._run("update-ref", "--no-deref", "HEAD", chosen.commit)
        self._write_config(chosen.branch)
        # A workspace keeps no empty folders, and without this one it is no repository. Git ignores hidden names there.
        (self._git.repository / "refs" / ".keep").touch()

    def _write_config(self, branch: str | None) -> None:
        config = self._git.repository / "config"
        config.write_text(_CONFIG)
        # What others have named is quoted by git itself.
        facts = {"remote.origin.url": self._address.url}
        if branch is not None:
            facts |= {f"branch.{branch}.remote": "origin", f"branch.{branch}.merge": f"refs/heads/{branch}"}
        for name, value in facts.items():
            self._run("config", "--file", str(config), name, value)


class _Count:
    """Files and bytes in what `git ls-tree -l -z` lists."""

    def __init__(self, check: Callable[[_Count], None]) -> None:
        self.files = self.size = 0
        self._check, self._rest = check, b""

    def take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\0")
        for line in lines:
            size = line.partition(b"\t")[0].rpartition(b" ")[2]
            self.files += 1
            self.size += int(size) if size.isdigit() else 0
        self._check(self)


def _settings(address: Address) -> Mapping[str, str]:
    """For all commands. The URL is here and not among arguments, for those are seen in lists of processes."""
    harmless = {f"fetch.fsck.{name}": "ignore" for name in _HARMLESS}
    settings = {
        "remote.origin.url": address.url,
        "remote.origin.fetch": f"+refs/heads/*:{_BRANCHES}*",
        "remote.origin.followRemoteHEAD": "never",
        "fetch.fsckObjects": "true",
        # Hosts answer PROJECT with a redirect to PROJECT.git. But a password must not go with one.
        "http.followRedirects": "false" if address.authorization else "initial",
    }
    if address.authorization:
        settings[f"http.{address.url}.extraHeader"] = f"Authorization: {address.authorization}"
    return harmless | settings


def _variables(address: Address, ssh: str | None) -> Mapping[str, str]:
    transports = "http:https" if address.scheme in ("http", "https") else address.scheme
    variables = {"GIT_ALLOW_PROTOCOL": transports, "GIT_LFS_SKIP_SMUDGE": "1"}
    return variables | ({"GIT_SSH_COMMAND": ssh, "GIT_SSH_VARIANT": "ssh"} if ssh else {})
