"""Datasets against a real S3 server, in processes of their own."""

from __future__ import annotations

import os

import pytest

from tests.hub.datasets.site import THRESHOLD, Site

pytestmark = pytest.mark.s3


def test_a_bucket_becomes_a_version(site: Site) -> None:
    """Small and large objects of a bucket are the files of one commit, whose message tells how many."""
    s3, bucket = site.server.client(), site.server.bucket
    large = os.urandom(3 * THRESHOLD)
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"one")
    s3.put_object(Bucket=bucket, Key="deep/er/b.bin", Body=b"\0" * 10)
    s3.put_object(Bucket=bucket, Key="deep/large", Body=large)
    with site.syncs() as syncs:
        dataset = site.dataset()
        done = site.synchronise(syncs, dataset)
        assert (done.state, done.message) == ("ready", "")
        assert (done.objects_done, done.objects_total) == (3, 3)
        assert done.bytes_done == done.bytes_total == 13 + len(large)
        assert site.files(dataset) == {"a.txt": b"one", "deep/er/b.bin": b"\0" * 10, "deep/large": large}
        assert site.history(dataset) == [f"Synchronise with s3://{bucket}/: +3 ~0 -0"]
        assert site.row(dataset).files == 3
        assert site.row(dataset).size == 13 + len(large)
