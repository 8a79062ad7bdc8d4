"""Datasets that are copies of S3 buckets: the hub keeps them up to date, each synchronisation in a process of its own.

- :class:`.syncs.Syncs` is what the service uses: it takes requests, starts the processes and watches them.
- :mod:`.sync` is the process's program, :class:`.round.Round` one synchronisation in it.
- :class:`.bucket.Bucket` reads a bucket, :mod:`.keys` makes paths of keys, :class:`.small.Small` and
  :class:`.large.Large` bring contents into the hub.

What holds, wherever a process is killed: contents are durable before their rows in the manifest, those before the one
commit at the end. What is in the manifest is not fetched again.
"""
