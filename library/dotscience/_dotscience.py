"""The facade: mode, current run, and where a finished run goes."""

from __future__ import annotations

import sys

from dotscience import _files, _marker, _values
from dotscience._errors import RemoteError
from dotscience._lock import LOCK
from dotscience._modes import INTERACTIVE, REMOTE, SCRIPT, Mode
from dotscience._run import Run

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Any, Mapping, TextIO, TypeVar

    from dotscience._remote import Hub

    T = TypeVar("T")


class Dotscience:
    """Records one run after the other. The functions of the module `dotscience` are those of one such object."""

    def __init__(self) -> None:
        self._root = _files.root()
        self._mode = Mode(self._root)
        self._run: Run | None = None
        self._hub: Hub | None = None

    # How the code runs

    def interactive(self) -> None:
        """Say that the code runs in a notebook.

        Raises:
            RuntimeError: another mode was chosen before.
        """
        self._mode.select(INTERACTIVE)

    def script(self, script_path: object = None) -> None:
        """Say that the code is a script.

        Args:
            script_path: the script, text or path-like; without it, the program that was started.

        Raises:
            RuntimeError: another mode was chosen before.
        """
        self._mode.select(SCRIPT, script_path)

    def remote(self) -> None:
        """Say that the code runs outside Dotscience and publishes over the network; `connect` comes with it.

        Raises:
            RuntimeError: another mode was chosen before.
        """
        self._mode.select(REMOTE)

    def connect(self, username: str, apikey: str, project: str, hostname: str) -> None:
        """Publish to a hub over the network from now on, whatever mode was chosen before.

        Args:
            username: the user's name on the hub.
            apikey: a token of that user.
            project: the name of a project; it is created if there is none.
            hostname: the hub's address with scheme, such as ``https://hub.example.org``.

        Raises:
            ValueError: ``project`` or ``hostname`` is missing, or is no address.
            RemoteError: the hub cannot be reached, or refuses.
        """
        from dotscience._remote import Hub

        hub = Hub(username, apikey, project, hostname)
        _say("Checking connection... ", end="")
        hub.ping()
        _say("connected!")
        self._mode = Mode(self._root)
        self._mode.select(REMOTE)
        self._hub = hub

    # The run's life

    def start(self, description: object = None) -> None:
        """Begin a new run; what was recorded and not published is forgotten.

        Args:
            description: what the run is about.
        """
        with LOCK:
            if self._run is not None:
                self._run.leave()
            self._run = Run(self._root)
            self._run.start()
        if description is not None:
            self.set_description(description)

    def end(self) -> None:
        """Note the end time of the run; only the first call counts, and `publish` does it as well."""
        self._current().end()

    def publish(
        self,
        description: object = None,
        stream: TextIO | None = None,
        build: bool = False,
        deploy: bool = False,
    ) -> str:
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
        self._mode.settle()
        if self._mode.name == REMOTE and (build or deploy):
            raise RemoteError("Models cannot be built or deployed from here yet: publish without build and deploy.")
        run = self._current()
        run.end()
        if description is not None:
            self.set_description(description)
        with LOCK:
            run.workload_file = self._mode.workload_file
            run_id = run.claim_id()
            if self._mode.name == REMOTE:
                self._push(run, run_id)
            else:
                _print_marker(run, run_id, sys.stdout if stream is None else stream)
            run.leave()
        return run_id

    def set_error(self, error: object) -> None:
        """Say that the run failed, and why."""
        self._current().error = str(error)

    def error(self, error: T) -> T:
        """Say that the run failed, and why; returns ``error``."""
        self.set_error(error)
        return error

    def set_description(self, description: object) -> None:
        """Say what the run is about."""
        self._current().description = str(description)

    def description(self, description: T) -> T:
        """Say what the run is about; returns ``description``."""
        self.set_description(description)
        return description

    def debug(self) -> None:
        """Print what is recorded so far, as JSON."""
        import json

        _say(json.dumps(self._current().metadata(), sort_keys=True, indent=4))

    # Files

    def add_input(self, filename: object) -> None:
        """Record a file that is read, text or path-like; a folder stands for all files that are in it now."""
        self._current().add_input(filename)

    def add_inputs(self, *filenames: object) -> None:
        """Record files that are read."""
        run = self._current()
        for filename in filenames:
            run.add_input(filename)

    def input(self, filename: T) -> T:
        """Record a file that is read; returns ``filename``, to be opened."""
        self.add_input(filename)
        return filename

    def add_output(self, filename: object) -> None:
        """Record a file that is written; a folder stands for all files that are in it at `publish`."""
        self._current().add_output(filename)

    def add_outputs(self, *filenames: object) -> None:
        """Record files that are written."""
        run = self._current()
        for filename in filenames:
            run.add_output(filename)

    def output(self, filename: T) -> T:
        """Record a file that is written; returns ``filename``, to be opened."""
        self.add_output(filename)
        return filename

    # Values

    def add_label(self, label: object, value: object) -> None:
        """Attach a label."""
        self._current().labels[str(label)] = str(value)

    def add_labels(self, *args: object, **kwargs: object) -> None:
        """Attach labels: ``("name", value, ...)``, ``name=value``, or both.

        Raises:
            ValueError: a name has no value.
        """
        self._current().labels.update(_values.pairs(args, kwargs))

    def label(self, label: object, value: T) -> T:
        """Attach a label; returns ``value``."""
        self.add_label(label, value)
        return value

    def add_metric(self, label: object, value: object) -> None:
        """Record a summary statistic, the final value of a metric."""
        self._current().summary[str(label)] = str(value)

    def add_metrics(self, *args: object, **kwargs: object) -> None:
        """Record summary statistics: ``("name", value, ...)``, ``name=value``, or both.

        Raises:
            ValueError: a name has no value.
        """
        self._current().summary.update(_values.pairs(args, kwargs))

    def metric(self, label: object, value: T) -> T:
        """Record a summary statistic; returns ``value``."""
        self.add_metric(label, value)
        return value

    summary = metric
    add_summary = add_metric
    add_summaries = add_metrics

    def add_parameter(self, label: object, value: object) -> None:
        """Record a parameter."""
        self._current().parameters[str(label)] = str(value)

    def add_parameters(self, *args: object, **kwargs: object) -> None:
        """Record parameters: ``("name", value, ...)``, ``name=value``, or both.

        Raises:
            ValueError: a name has no value.
        """
        self._current().parameters.update(_values.pairs(args, kwargs))

    def parameter(self, label: object, value: T) -> T:
        """Record a parameter; returns ``value``, to be used."""
        self.add_parameter(label, value)
        return value

    param = parameter

    def log(self, values: Mapping[str, Any] | None = None, *, step: Any = None, **series: Any) -> None:
        """Record one point of each given series, live: the hub shows it while the run goes on.

        A call that returned survives the death of the process. Outside a task it only checks its
        arguments.

        Args:
            values: values by the series' names, for names that are no Python identifiers.
            step: a whole number; without it, one more than the last one of this run, 0 at first.
            series: values by the series' names. Any kind of number; NaN and infinities are kept.

        Raises:
            TypeError: a value is no number, or the step is no whole number.
            ValueError: a name is empty or longer than 500 characters, or the step does not fit into 64 bits.
        """
        if values:
            series = {**{str(name): value for name, value in values.items()}, **series}
        numbers = {name: _values.number(name, value) for name, value in series.items()}
        if step is not None:
            step = _values.integer(step)
        with LOCK:
            self._current().log(step, numbers, self._mode.foreseen_workload_file)

    def model(self, kind: object, name: str, filepath: T, classes: object = None) -> T:
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
        from dotscience import _models

        files: dict[str, object] = {"model": filepath}
        if classes is not None:
            files["classes"] = classes
        label = _models.label(kind, files, self._root)
        self.add_outputs(*files.values())
        self.add_label(f"artefact:{name}", label)
        return filepath

    def add_model(self, kind: object, name: str, filepath: object, classes: object = None) -> None:
        """Record that the run's output holds a model; as `model`, but returns nothing."""
        self.model(kind, name, filepath, classes)

    def _current(self) -> Run:
        run = self._run
        if run is None:
            with LOCK:
                if self._run is None:
                    _say("You have not called ds.start() yet, so I'm doing it for you!")
                    self.start()
            return self._current()
        run.start()  # after a publish the next run starts with the first thing that is recorded
        return run

    def _push(self, run: Run, run_id: str) -> None:
        if self._hub is None:
            raise RuntimeError("Call ds.connect(username, apikey, project, hostname) before you publish remotely.")
        _say(f"Dotscience run: {self._hub.publish(run_id, run)}")


def _print_marker(run: Run, run_id: str, stream: TextIO) -> None:
    stream.write(_marker.render(run_id, run.metadata()) + "\n")
    flush = getattr(stream, "flush", None)  # version 0.8.7 asks for no more than `write`
    if flush is not None:
        flush()  # a run that was published must not be lost if the process is killed now


def _say(text: str, end: str = "\n") -> None:
    if sys.stdout is not None:  # as in a program without a console
        sys.stdout.write(text + end)
