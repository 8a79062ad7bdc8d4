"""Dotscience for Python: say what a run read, wrote and found, so that it can be compared and repeated.

    import dotscience as ds

    ds.start("a first try")
    rate = ds.parameter("rate", 0.01)
    data = open(ds.input("data.csv"))
    for epoch in range(10):
        ds.log(step=epoch, loss=train(data, rate))
    ds.metric("accuracy", test())
    save(ds.output("model.bin"))
    ds.publish()

In a task (`ds run`, or a notebook in JupyterLab on a runner) nothing else is needed. The functions have the
names and the behaviour of the library published as `dotscience` 0.8.7. New are `log`, and that `publish`
returns the run's id.
"""

from __future__ import annotations

import os

from dotscience._dotscience import Dotscience
from dotscience._errors import RemoteError

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Any, Mapping, TextIO, TypeVar

    T = TypeVar("T")

__version__ = "0.1.0"

__all__ = [
    "Dotscience",
    "RemoteError",
    "add_input",
    "add_inputs",
    "add_label",
    "add_labels",
    "add_metric",
    "add_metrics",
    "add_model",
    "add_output",
    "add_outputs",
    "add_parameter",
    "add_parameters",
    "add_summaries",
    "add_summary",
    "connect",
    "debug",
    "description",
    "end",
    "error",
    "input",
    "interactive",
    "label",
    "log",
    "metric",
    "model",
    "output",
    "param",
    "parameter",
    "publish",
    "remote",
    "script",
    "set_description",
    "set_error",
    "start",
    "summary",
]


# Real functions, not bound methods: so they pickle by name, and `help` and signatures read well.
_default = Dotscience()


def interactive() -> None:
    """Say that the code runs in a notebook. In a task the library finds out by itself.

    Raises:
        RuntimeError: another mode was chosen before.
    """
    _default.interactive()


def script(workload_file: object = None) -> None:
    """Say that the code is a script. In a task the library finds out by itself.

    Args:
        workload_file: the script, text or path-like; without it, the program that was started.

    Raises:
        RuntimeError: another mode was chosen before.
    """
    _default.script(workload_file)


def remote() -> None:
    """Say that the code runs outside Dotscience and publishes over the network; call `connect` as well.

    Raises:
        RuntimeError: another mode was chosen before.
    """
    _default.remote()


def connect(username: str, apikey: str, project: str, hostname: str = "") -> None:
    """Publish to a hub over the network from now on, whatever mode was chosen before.

    Args:
        username: the user's name on the hub.
        apikey: a token of that user.
        project: the name of a project; it is created if there is none.
        hostname: the hub's address with scheme; ``DOTSCIENCE_URL`` or ``DOTSCIENCE_HOSTNAME`` if not given.

    Raises:
        ValueError: ``project`` or ``hostname`` is missing, or is no address.
        RemoteError: the hub cannot be reached, or refuses.
    """
    address = hostname or os.environ.get("DOTSCIENCE_URL") or os.environ.get("DOTSCIENCE_HOSTNAME") or ""
    _default.connect(username, apikey, project, address)


def start(description: object = None) -> None:
    """Begin a new run; what was recorded and not published is forgotten.

    Args:
        description: what the run is about.
    """
    _default.start(description)


def end() -> None:
    """Note the end time of the run; only the first call counts, and `publish` does it as well."""
    _default.end()


def publish(description: object = None, stream: TextIO | None = None, build: bool = False, deploy: bool = False) -> str:
    """Finish the run and hand it over: print its marker, or, after `connect`, send it to the hub.

    All but the times is kept, so that a second publish without `start` repeats it under a new id.

    Args:
        description: what the run is about, in place of an earlier description.
        stream: where the marker goes; standard output if not given.
        build: make a container image of the run's model; means nothing in a task.
        deploy: build, then deploy the model; means nothing in a task.

    Returns:
        The run's id.

    Raises:
        RuntimeError: remote mode without `connect`.
        RemoteError: the hub cannot be reached or refuses, or was asked to build.
    """
    return _default.publish(description, stream, build, deploy)


def set_error(error: object) -> None:
    """Say that the run failed, and why."""
    _default.set_error(error)


def error(error: T) -> T:
    """Say that the run failed, and why; returns ``error``."""
    return _default.error(error)


def set_description(description: object) -> None:
    """Say what the run is about."""
    _default.set_description(description)


def description(description: T) -> T:
    """Say what the run is about; returns ``description``."""
    return _default.description(description)


def debug() -> None:
    """Print what is recorded so far, as JSON."""
    _default.debug()


def add_input(filename: object) -> None:
    """Record a file that is read, text or path-like; a folder stands for all files that are in it now."""
    _default.add_input(filename)


def add_inputs(*filenames: object) -> None:
    """Record files that are read."""
    _default.add_inputs(*filenames)


def input(filename: T) -> T:
    """Record a file that is read; returns ``filename``, to be opened."""
    return _default.input(filename)


def add_output(filename: object) -> None:
    """Record a file that is written; a folder stands for all files that are in it at `publish`."""
    _default.add_output(filename)


def add_outputs(*filenames: object) -> None:
    """Record files that are written."""
    _default.add_outputs(*filenames)


def output(filename: T) -> T:
    """Record a file that is written; returns ``filename``, to be opened."""
    return _default.output(filename)


def add_label(label: object, value: object) -> None:
    """Attach a label."""
    _default.add_label(label, value)


def add_labels(*args: object, **kwargs: object) -> None:
    """Attach labels: ``("name", value, ...)``, ``name=value``, or both.

    Raises:
        ValueError: a name has no value.
    """
    _default.add_labels(*args, **kwargs)


def label(label: object, value: T) -> T:
    """Attach a label; returns ``value``."""
    return _default.label(label, value)


def add_metric(label: object, value: object) -> None:
    """Record a summary statistic, the final value of a metric."""
    _default.add_metric(label, value)


def add_metrics(*args: object, **kwargs: object) -> None:
    """Record summary statistics: ``("name", value, ...)``, ``name=value``, or both.

    Raises:
        ValueError: a name has no value.
    """
    _default.add_metrics(*args, **kwargs)


def metric(label: object, value: T) -> T:
    """Record a summary statistic, the final value of a metric; returns ``value``."""
    return _default.metric(label, value)


def add_parameter(label: object, value: object) -> None:
    """Record a parameter."""
    _default.add_parameter(label, value)


def add_parameters(*args: object, **kwargs: object) -> None:
    """Record parameters: ``("name", value, ...)``, ``name=value``, or both.

    Raises:
        ValueError: a name has no value.
    """
    _default.add_parameters(*args, **kwargs)


def parameter(label: object, value: T) -> T:
    """Record a parameter; returns ``value``, to be used."""
    return _default.parameter(label, value)


def log(values: Mapping[str, Any] | None = None, *, step: Any = None, **series: Any) -> None:
    """Record one point of each given series, live: the hub shows it while the run goes on.

    A call that returned survives the death of the process. Outside a task it only checks its arguments.
    Points belong to the run that the next `publish` hands over; a run that has points and never is published
    counts as failed.

    Args:
        values: values by the series' names, for names that are no Python identifiers.
        step: a whole number; without it, one more than the last one of this run, 0 at first.
        series: values by the series' names. Any kind of number; NaN and infinities are kept.

    Raises:
        TypeError: a value is no number, or the step is no whole number.
        ValueError: a name is empty or longer than 500 characters, or the step does not fit into 64 bits.
    """
    _default.log(values, step=step, **series)


def model(kind: object, name: str, filepath: T, classes: object = None) -> T:
    """Record that the run's output holds a model.

    Args:
        kind: the framework's module, such as `tensorflow`, `sklearn` or `torch`: anything that has a
            ``__name__`` and a ``__version__``.
        name: the model's name.
        filepath: the file or folder with the model; recorded as an output.
        classes: a JSON file with the names of the classes; recorded as an output.

    Returns:
        ``filepath``.

    Raises:
        RuntimeError: ``kind`` has no name or no version.
    """
    return _default.model(kind, name, filepath, classes)


def add_model(kind: object, name: str, filepath: object, classes: object = None) -> None:
    """Record that the run's output holds a model; as `model`, but returns nothing."""
    _default.add_model(kind, name, filepath, classes)


param = parameter
summary = metric
add_summary = add_metric
add_summaries = add_metrics
