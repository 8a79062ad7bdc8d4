"""The service's configuration, in one piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class S3:
    """Where the bucket for large files is. Keys come from where boto3 looks: environment, files, instance role."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    path_style: bool


@dataclass(frozen=True)
class Settings:
    """What `DotscienceHub` says of each; sizes in bytes, times in seconds."""

    data_dir: Path
    db_url: str
    s3: S3 | None
    large_file_threshold: int
    lease_seconds: float
    heartbeat_seconds: float
    public_url: str
    auth_cache_seconds: int
    metrics_public: bool
    local_runner_token: Path | None
    worker_threads: int
    retention_days: float | None
    quota: int | None
    garbage_days: float | None
    dataset_endpoints: tuple[str, ...] = ("*",)
    dataset_syncs: int = 2
    secret_keys: tuple[bytes, ...] = field(default=(), repr=False)
