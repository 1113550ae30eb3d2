"""What a run says on the terminal: what is done, what runs, how long yet; and every error.

The workflow manager says 16 lines of each job. They stay in its own log; on the terminal one line
takes their place. In a terminal it is a bar that is written over; elsewhere, as
in a file or a CI log, it is a new line now and then (`seconds_between_lines`). Errors, warnings,
and what jobs themselves say are shown as ever.
"""

import logging
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TextIO

from ventral.jobs.progress import LEFT_TO_THE_RUN

HANDLER = "DefaultStreamHandler"
"""Name that the workflow manager gives to its handler that writes to the terminal."""
HIDDEN = (
    "workflow_started",
    "run_info",
    "resources_info",
    "group_info",
    "job_info",
    "job_started",
    "job_finished",
    "progress",
)
"""Events in whose place the line stands."""
HIDDEN_WORDS = (
    "Building DAG of jobs",
    "Conda environments: ignored",
    "Execute ",
    "Select jobs to execute",
    "Using shell: ",
)
"""How messages without an event begin that are left out too."""
FEWEST_SECONDS, MOST_SECONDS = 10.0, 300.0
"""Between two lines, at the beginning of a run and late in a long one."""
SECONDS_BETWEEN_BARS = 0.5
WIDTH_OF_BAR = 20
TAIL = 4096
"""Bytes at the end of a job's log in which its last progress is looked for."""
INSIDE = re.compile(r"^\d\d:\d\d:\d\d INFO (.+: \d+ of \d+, about .*)$", re.MULTILINE)
"""A line of `ventral.jobs.progress.track` in a log."""


class Jobs:
    """What is done and what runs, from the events of a run; and an estimate of what is left."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self.total = 0
        self.done = 0
        self._failed: set[int] = set()
        self._running: dict[int, tuple[str, str, list[str], float]] = {}
        self._planned: Counter[str] = Counter()
        self._took: dict[str, list[float]] = {}

    def note(self, event: str, facts: Mapping[str, Any]) -> None:
        """Take note of an event.

        Parameters
        ----------
        event : str
            Such as ``job_info``.
        facts : mapping
            What belongs to it.
        """
        if event == "run_info":
            self._planned = Counter(facts.get("stats") or {})
            self.total = self._planned.pop("total", 0)
            self._since = self._clock()
        elif event == "job_info":
            names = facts.get("wildcards") or {}
            logs = [str(log) for log in facts.get("log") or ()]
            label = " ".join([facts["rule_name"], *map(str, dict(names).values())])
            self._failed.discard(facts["jobid"])  # it is tried again
            self._running[facts["jobid"]] = facts["rule_name"], label, logs, self._clock()
        elif event == "job_finished":
            rule, _, _, began = self._running.pop(facts["job_id"], ("", "", [], self._clock()))
            self._took.setdefault(rule, []).append(self._clock() - began)
            self.done += 1
        elif event == "job_error":
            self._running.pop(facts["jobid"], None)
            self._failed.add(facts["jobid"])
        elif event == "progress":
            self.done, self.total = int(facts["done"]), int(facts["total"])

    @property
    def failed(self) -> int:
        """How many jobs have failed, and were not tried again."""
        return len(self._failed)

    def seconds(self) -> float:
        """Return how long the run has taken."""
        return self._clock() - self._since

    def seconds_left(self) -> float | None:
        """Return about how long it will take yet; None before anything is known.

        A job of a step takes as long as those before of the same step, or as the mean of all; as
        many run side by side as have until now.
        """
        took = [seconds for each in self._took.values() for seconds in each]
        passed = self.seconds()
        if not took or passed <= 0:
            return None
        mean = sum(took) / len(took)
        left = 0.0
        known = 0
        for rule, count in self._planned.items():
            own = self._took.get(rule, [])
            left += max(0, count - len(own)) * (sum(own) / len(own) if own else mean)
            known += count
        left += max(0, self.total - known) * mean
        now = self._clock()
        under_way = [now - began for *_, began in self._running.values()]
        left -= min(sum(under_way), left)
        side_by_side = max(1.0, (sum(took) + sum(under_way)) / passed)
        return left / side_by_side

    def running(self) -> list[str]:
        """Return what runs, the longest first, with what its log says of its progress."""
        jobs = sorted(self._running.values(), key=lambda job: job[3])
        return [" ".join(filter(None, [label, _inside(logs)])) for _, label, logs, _ in jobs]

    def line(self) -> str:
        """Return one line of all this."""
        parts = [f"{self.done} of {self.total} jobs done in {in_words(self.seconds())}"]
        left = self.seconds_left()
        if left is not None and self.done < self.total:
            parts[0] += f", about {in_words(left)} left"
        if self.failed:
            parts.append(f"{self.failed} failed")
        running = self.running()
        if running:
            parts.append(f"running: {'; '.join(running)}")
        return " | ".join(parts)


class Terminal(logging.Handler):
    """Writes the line of `Jobs`, and keeps the other handler from writing of each job.

    Parameters
    ----------
    stream : handler
        The handler that writes to the terminal.
    complete_log : str
        Where everything is written.
    """

    def __init__(self, stream: logging.StreamHandler, complete_log: str) -> None:
        super().__init__(logging.INFO)
        self.jobs = Jobs()
        self._complete_log = complete_log
        self._to: TextIO = stream.stream
        is_terminal = bool(getattr(self._to, "isatty", bool)())
        self._has_bar = is_terminal and os.environ.get("TERM", "dumb") != "dumb"
        self._drawn = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        stream.addFilter(self._lets_through)
        os.environ[LEFT_TO_THE_RUN] = "1"  # jobs log their progress, from where it is taken

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an event of the run, and begin with the first that has jobs."""
        event = event_of(record)
        if not event:
            return
        with self._lock:
            self.jobs.note(event, vars(record))
        if event == "run_info" and self._thread is None and self.jobs.total:
            self._say(
                f"{self.jobs.total} jobs to run; the details of each are in {self._complete_log}"
                " (with --verbose here too)"
            )
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Write the last line, and no more after it."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        with self._lock:
            self._wipe()
            left = f", {self.jobs.failed} failed" if self.jobs.failed else ""
            jobs = self.jobs
            self._say(f"{jobs.done} of {jobs.total} jobs done in {in_words(jobs.seconds())}{left}")

    def _lets_through(self, record: logging.LogRecord) -> bool:
        """Tell whether the other handler writes a record; wipes the bar for it."""
        if is_hidden(record):
            return False
        with self._lock:
            self._wipe()
        return True

    def _tell(self) -> None:
        while not self._stop.wait(
            SECONDS_BETWEEN_BARS if self._has_bar else seconds_between_lines(self.jobs.seconds())
        ):
            with self._lock:
                line = self.jobs.line()
                if self._has_bar:
                    self._draw(line)
                else:
                    self._say(line)

    def _draw(self, line: str) -> None:
        try:
            width = os.get_terminal_size(self._to.fileno()).columns
        except (OSError, ValueError):
            width = 80
        share = self.jobs.done / self.jobs.total if self.jobs.total else 0
        full = round(share * WIDTH_OF_BAR)
        bar = f"[{'#' * full}{'.' * (WIDTH_OF_BAR - full)}] "
        self._write(f"\r\033[K{(bar + line)[: width - 1]}")
        self._drawn = True

    def _wipe(self) -> None:
        if self._drawn:
            self._write("\r\033[K")
            self._drawn = False

    def _say(self, line: str) -> None:
        self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        try:
            self._to.write(text)
            self._to.flush()
        except (OSError, ValueError):  # the terminal has been closed
            self._stop.set()


def event_of(record: logging.LogRecord) -> str:
    """Return the name of a record's event, empty for a record without one."""
    return str(getattr(getattr(record, "event", None), "value", ""))


def is_hidden(record: logging.LogRecord) -> bool:
    """Tell whether a record is one of those in whose place the line stands: never an error."""
    if record.levelno > logging.INFO:
        return False
    event = event_of(record)
    return event in HIDDEN or (not event and record.getMessage().startswith(HIDDEN_WORDS))


def seconds_between_lines(passed: float) -> float:
    """Return how long to wait for the next line, so that a long run has no long log."""
    return min(max(FEWEST_SECONDS, passed / 20), MOST_SECONDS)


def in_words(seconds: float) -> str:
    """Return a time in words: "42 s", "7 min", "2 h 05 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def take_over(
    logger: logging.Logger,
    complete_log: str,
    *,
    quiet: Collection[object],
    is_verbose: bool,
    is_dry_run: bool,
) -> Terminal | None:
    """Put the line in the place of what is said of each job, where that is wanted.

    Parameters
    ----------
    logger : logging.Logger
        Of the run.
    complete_log : str
        Where everything is written.
    quiet : collection
        What the user asked to be left out.
    is_verbose, is_dry_run : bool
        Whether the user asked for more, or for a plan.

    Returns
    -------
    Terminal or None
        None where all words stay: for a plan, with ``--verbose``, with ``--quiet``, and
        where a plugin writes to the terminal.
    """
    streams = [one for one in logger.handlers if one.name == HANDLER]
    if is_dry_run or is_verbose or quiet or not streams:
        return None
    stream = streams[0]
    if not isinstance(stream, logging.StreamHandler):
        return None
    terminal = Terminal(stream, complete_log)
    logger.addHandler(terminal)
    return terminal


def _inside(logs: Collection[str]) -> str:
    """Return the last progress in a job's log, in brackets; empty where it says none."""
    for log in logs:
        try:
            with Path(log).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - TAIL))
                found = INSIDE.findall(file.read().decode("utf-8", errors="replace"))
        except OSError:
            continue
        if found:
            return f"({found[-1]})"
    return ""
