"""What failed in a run: a list at its end, with what each step says and where its log lies.

Which jobs failed is known from the run's own events, since a job that was killed records nothing.
What a job said is read from its log, wherever it ran.
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENTRY = re.compile(r"^\d\d:\d\d:\d\d ([A-Z]+) ", re.MULTILINE)
"""The beginning of an entry in a job's log (see `ventral.jobs.log`)."""
MAX_SHOWN = 40
"""Failures that are listed one by one."""
MAX_CHARACTERS = 600
CLOCKS_APART = 60.0
"""Seconds by which the clock of a file server may be behind."""
KILLED = "it left no message: it may have been killed, for its memory or its time"


@dataclass
class Failure:
    """A job that failed, as the run tells of it.

    Parameters
    ----------
    step : str
        Name of the rule, or of a group of jobs that were submitted together.
    logs : list of str
        The job's own log, then what a cluster keeps of it.
    wildcards : dict
        ``{name: value}``, such as of the data set and the model.
    """

    step: str
    logs: list[str]
    wildcards: dict[str, str] = field(default_factory=dict)

    def said(self, since: float) -> str | None:
        """Return the last error in the job's own log, unless it is of an earlier run."""
        return last_words(self.logs[0], since) if self.logs else None

    def lines(self, since: float) -> list[str]:
        """Return what is shown of it: which job, what it said, and its log."""
        names = ", ".join(f"{name} {value}" for name, value in self.wildcards.items())
        said = (self.said(since) or KILLED).replace("\n", "\n    ")
        shown = [f"{self.step}{f' ({names})' if names else ''}: {said}"]
        kept = [log for log in self.logs if Path(log).exists()]
        if kept:
            shown.append(f"  log: {', '.join(kept)}")
        return shown


class FailureList(logging.Handler):
    """Collects the failed jobs of a run from the events of the run's logger.

    A job that fails and then succeeds when it is retried is not listed.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._since = time.time()
        self._groups: dict[int, str] = {}
        self._wildcards: dict[int, dict[str, str]] = {}
        self._failures: dict[int, Failure] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an event, if it is of a job.

        Parameters
        ----------
        record : logging.LogRecord
            With ``event`` and what belongs to it.
        """
        event = str(getattr(getattr(record, "event", None), "value", ""))
        facts = vars(record)
        if event == "job_info":
            self._wildcards[facts["jobid"]] = dict(facts.get("wildcards") or {})
        elif event == "job_finished":
            self._failures.pop(facts["job_id"], None)
        elif event == "job_error":
            self._note(facts)
        elif event == "group_error":
            self._groups |= {job["jobid"]: facts["groupid"] for job in facts["job_error_info"]}

    def lines(self) -> list[str]:
        """Return the list of what failed, as lines of text; empty where nothing did."""
        failed = self._failed()
        if not failed:
            return []
        lines = [f"{len(failed)} failed:"]
        for failure in failed[:MAX_SHOWN]:
            lines += [f"  {line}" for line in failure.lines(self._since)]
        if len(failed) > MAX_SHOWN:
            lines.append(f"  and {len(failed) - MAX_SHOWN} more")
        return lines

    def _note(self, facts: Mapping) -> None:
        job = facts["jobid"]
        logs = [str(log) for log in facts.get("log") or ()]
        self._failures[job] = Failure(facts["rule_name"], logs, self._wildcards.get(job, {}))

    def _failed(self) -> list[Failure]:
        """Return the failures; of a group those that said something, else the group as one.

        Of a group that fails, the events name every job, also those that succeeded or never began.
        """
        alone = [one for job, one in self._failures.items() if job not in self._groups]
        groups: dict[str, list[Failure]] = {}
        for job, one in self._failures.items():
            if job in self._groups:
                groups.setdefault(self._groups[job], []).append(one)
        for group, jobs in groups.items():
            steps = ", ".join(dict.fromkeys(job.step for job in jobs))
            spoke = [job for job in jobs if job.said(self._since)]
            alone += spoke or [Failure(f"group {group} of {steps}", [])]
        return alone


def last_words(log: str | Path, since: float = 0.0) -> str | None:
    """Return the last error that a job's log has, or None.

    Parameters
    ----------
    log : str or Path
        Written by `ventral.jobs.log.job_log`.
    since : float
        Time of the run's start in seconds since 1970: an older log is of an earlier run.

    Returns
    -------
    str or None
        The message without a traceback, at most `MAX_CHARACTERS` of it.
    """
    try:
        if Path(log).stat().st_mtime < since - CLOCKS_APART:
            return None
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    entries = list(ENTRY.finditer(text))
    ends = [entry.start() for entry in entries[1:]] + [len(text)]
    errors = [
        text[entry.end() : end]
        for entry, end in zip(entries, ends, strict=True)
        if entry[1] in ("ERROR", "CRITICAL")
    ]
    if not errors:
        return None
    said = errors[-1].partition("\nTraceback")[0].strip()
    return said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]} …"


def where_the_results_are(results: str | Path) -> list[str]:
    """Return the sentence at the end of a run that has made its tables; none for other targets.

    Parameters
    ----------
    results : str or Path
        Folder of results.

    Returns
    -------
    list of str
        At most one.
    """
    page = Path(results) / "index.html"
    return [f"The results are in {results}/; begin with {page}"] if page.exists() else []
