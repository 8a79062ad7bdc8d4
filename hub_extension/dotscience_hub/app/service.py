"""The program that JupyterHub starts: ``python -m dotscience_hub``."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from traitlets import Bool, Float, Int, List, TraitError, Unicode, default, validate

from dotscience_hub.store.keyring import KeyringError, parse_key

from .program import Program
from .server import serve
from .settings import S3, Settings

MEBIBYTE = 2**20


class DotscienceHub(Program):
    """The Dotscience service of a JupyterHub."""

    name = "dotscience-hub-service"
    description = "The Dotscience service of a JupyterHub; JupyterHub starts it."

    data_dir = Unicode(".", help="Folder for repositories, logs, and where nothing else is said database and objects.")
    data_dir.tag(config=True)
    db_url = Unicode(
        help="SQLAlchemy URL of the store: `postgresql+psycopg://...`, or by default SQLite in the data folder."
    ).tag(config=True)
    s3_bucket = Unicode("", help="Keep large files in this bucket and not in the data folder.").tag(config=True)
    s3_prefix = Unicode("objects/", help="What all keys in the bucket begin with.").tag(config=True)
    s3_endpoint = Unicode("", help="URL of an S3 server that is not AWS.").tag(config=True)
    s3_region = Unicode("us-east-1", help="Region of the bucket.").tag(config=True)
    s3_path_style = Bool(False, help="The bucket in the path and not in the host name; most servers but AWS need it.")
    s3_path_style.tag(config=True)
    large_file_threshold = Int(10 * MEBIBYTE, min=1024, help="Files above this many bytes are kept as objects.")
    large_file_threshold.tag(config=True)
    lease_seconds = Float(60.0, min=1.0, help="How long a task is a runner's without a heartbeat.").tag(config=True)
    heartbeat_seconds = Float(10.0, min=0.1, help="How often an agent shall be heard of.").tag(config=True)
    public_url = Unicode("", help="The hub's address as people know it; by default that of each request.")
    public_url.tag(config=True)
    auth_cache_seconds = Int(
        60, min=1, help="How long JupyterHub's answer about a token is believed; so long a revoked one may work."
    ).tag(config=True)
    metrics_public = Bool(False, help="Let anyone read /metrics; by default a token of an admin is needed.")
    metrics_public.tag(config=True)
    local_runner_token = Unicode(
        "", help="Make a shared runner named `local`, and write its token to this file; for the all-in-one hub."
    ).tag(config=True)
    worker_threads = Int(16, min=2, help="Threads that do blocking work.").tag(config=True)

    retention_days = Float(
        7, allow_none=True, help="Remove ended tasks with their logs after so many days; None: never. Runs stay."
    ).tag(config=True)
    quota = Int(None, allow_none=True, help="Bytes of large files that one project may have; by default no limit.")
    quota.tag(config=True)

    garbage_days = Float(
        14,
        allow_none=True,
        min=1,
        help="Remove contents that no project or dataset has after so many days; None: never.",
    ).tag(config=True)

    dataset_endpoints = List(
        Unicode(),
        ["*"],
        help="S3 servers that datasets may be copied from: patterns of scheme://host[:port], for example "
        "https://*.amazonaws.com; by default all. Link-local addresses are never connected to.",
    ).tag(config=True)
    dataset_syncs = Int(2, min=1, help="Datasets that are synchronised at once, each in a process.").tag(config=True)

    secret_keys = List(
        Unicode(),
        help="Keys that encrypt secrets in the store, 32 bytes in base64 each, the one to encrypt with first; by "
        "default those in $DOTSCIENCE_SECRET_KEYS (with `;` between them), else a file in the data folder.",
    ).tag(config=True)

    aliases = {  # noqa: RUF012 - traitlets' way
        "config": "DotscienceHub.config_file",
        "data-dir": "DotscienceHub.data_dir",
        "db-url": "DotscienceHub.db_url",
        "local-runner-token": "DotscienceHub.local_runner_token",
        "log-level": "Application.log_level",
    }

    @default("db_url")
    def _db_url_default(self) -> str:
        return f"sqlite:///{Path(self.data_dir).absolute() / 'dotscience.sqlite'}"

    @default("secret_keys")
    def _secret_keys_default(self) -> list[str]:
        return [key for key in os.environ.get("DOTSCIENCE_SECRET_KEYS", "").split(";") if key.strip()]

    @validate("heartbeat_seconds")
    def _check_heartbeat(self, proposal: Any) -> float:
        if proposal["value"] * 3 > self.lease_seconds:
            raise TraitError("heartbeat_seconds must be at most a third of lease_seconds: two may be lost on the way")
        return float(proposal["value"])

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read command line and configuration file; the command line has the last word."""
        super().initialize(argv)
        level: Any = self.log_level
        # The one tells of each step, the other logs each XSRF cookie that it sets.
        for name in ("alembic", "tornado.application"):
            logging.getLogger(name).setLevel(max(level, logging.WARNING))

    def settings(self) -> Settings:
        """The configuration, in one piece."""
        s3 = None
        if self.s3_bucket:
            s3 = S3(
                bucket=self.s3_bucket,
                prefix=self.s3_prefix,
                endpoint=self.s3_endpoint or None,
                region=self.s3_region,
                path_style=self.s3_path_style,
            )
        return Settings(
            data_dir=Path(self.data_dir).absolute(),
            db_url=self.db_url,
            s3=s3,
            large_file_threshold=self.large_file_threshold,
            lease_seconds=self.lease_seconds,
            heartbeat_seconds=self.heartbeat_seconds,
            public_url=self.public_url,
            auth_cache_seconds=self.auth_cache_seconds,
            metrics_public=self.metrics_public,
            local_runner_token=Path(self.local_runner_token) if self.local_runner_token else None,
            worker_threads=self.worker_threads,
            retention_days=self.retention_days,
            quota=self.quota,
            garbage_days=self.garbage_days,
            dataset_endpoints=tuple(self.dataset_endpoints),
            dataset_syncs=self.dataset_syncs,
            secret_keys=self._parsed_keys(),
        )

    def _parsed_keys(self) -> tuple[bytes, ...]:
        try:
            return tuple(parse_key(key) for key in self.secret_keys)
        except KeyringError as error:
            raise SystemExit(f"DotscienceHub.secret_keys: {error}") from None

    def start(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        if "JUPYTERHUB_SERVICE_URL" not in os.environ:
            raise SystemExit("JupyterHub starts this program as a service; `dotscience-hub up` starts everything.")
        asyncio.run(serve(self.settings()))
