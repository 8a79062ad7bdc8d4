"""The one version of every part: distribution, hub, runner, `ds` and library."""

__version__ = "0.1.0"
