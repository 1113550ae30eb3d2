"""Whether results are of the config that stands there: the links of their lineage, checked.

A link holds when the settings and the code of a job are what the config and the library say now,
and each input is the content that the job read.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ventral.errors import VentralError
from ventral.storage.file_digests import file_digests
from ventral.storage.lineage import Record, first_difference, is_recorded, read_record

MAX_SHOWN = 10


class Expected(NamedTuple):
    """What the config and the library say of a job.

    Parameters
    ----------
    settings : Mapping
        What the config gives it.
    code : str
        Digest of its code.
    inputs, outputs : list of str
        Paths, without stores and records.
    """

    settings: Mapping[str, object]
    code: str
    inputs: list[str]
    outputs: list[str]


class ExpectedRecords(dict[str, Expected]):
    """What is expected of each job, by the path of its record.

    As text it is short: the workflow manager writes the params of a job into its report.
    """

    def __str__(self) -> str:
        return f"the records of {len(self)} jobs"


class Chain:
    """The records of a study, read once, beside what is expected of each.

    Parameters
    ----------
    expected : Mapping
        {path of a record: `Expected`}, of each job of the study.

    """

    def __init__(self, expected: Mapping[str, Expected]):
        self._expected = expected
        self._records: dict[str, Record | None] = {}
        self._digests: dict[str, str] = {}
        self._makers = {
            output: path for path, job in expected.items() for output in (path, *job.outputs)
        }

    def broken(self, files: Iterable[str] | None = None) -> Iterator[tuple[str, str]]:
        """Check the links behind files.

        Parameters
        ----------
        files : iterable of str, optional
            Files of the study; by default all that exists of it is checked.

        Yields
        ------
        tuple of str
            Path of the record of a link that does not hold, and the reason.

        """
        if files is None:
            pending = list(self._expected)
        else:
            pending = list(dict.fromkeys(filter(None, map(self._maker, files))))
        seen = set(pending)
        for path in pending:
            reason = self._reason(path, must_exist=files is not None)
            if reason:
                yield path, reason
            if files is not None:
                makers = filter(None, map(self._makers.get, self._expected[path].inputs))
                new = [maker for maker in dict.fromkeys(makers) if maker not in seen]
                seen.update(new)
                pending += new

    def checksums(self, path: str, name: str) -> set[str | None]:
        """Return the content of an input as a record has it, in the words of the workflow manager.

        Parameters
        ----------
        path : str
            Of the record.
        name : str
            Of the input.

        Returns
        -------
        set of (str or None)
            ``sha256:`` and 64 hexadecimal digits; None where there is no such record.

        """
        record = self._record(path)
        known = record.inputs.get(name) if record else None
        return {f"sha256:{known}" if known else None}

    def _maker(self, file: str) -> str | None:
        return self._makers.get(os.path.splitext(file)[0] + ".json", self._makers.get(file))  # noqa: PTH122

    def _record(self, path: str) -> Record | None:
        if path not in self._records:
            self._records[path] = read_record(path)
        return self._records[path]

    def _reason(self, path: str, *, must_exist: bool) -> str | None:
        """Return why the link of a record does not hold."""
        record, expected = self._record(path), self._expected[path]
        if record is None:
            if must_exist or any(map(os.path.exists, expected.outputs)):
                return "there is no record of what it was made from"
            return None
        differs = first_difference(record.settings, expected.settings)
        if differs:  # once more, as a record keeps settings: the keys of a mapping are text in it
            kept = json.loads(json.dumps(expected.settings))
            differs = first_difference(record.settings, kept)
        if differs:
            return f"it was made with other settings than the config's: {differs}"
        if record.code != expected.code:
            return "it was made with other code"
        if sorted(record.inputs) != sorted(expected.inputs):
            return f"it was made from other files: {_odd_one(record.inputs, expected.inputs)}"
        if sorted(record.outputs) != sorted(expected.outputs):
            return "its record names other outputs"
        for output in record.outputs:
            if not os.path.exists(output):  # noqa: PTH110 (thousands of files)
                return f"{output} is missing"
        return self._reason_of_inputs(record)

    def _reason_of_inputs(self, record: Record) -> str | None:
        """Return why an input is not the content that was read."""
        of_user = []
        for name, sha256 in record.inputs.items():
            if name not in self._makers:
                of_user.append(name)
                continue
            made = self._record(self._makers[name])
            if made is None:
                return f"there is no record of what its input {name} was made from"
            if made.outputs.get(name) != sha256:
                return f"its input {name} has been replaced"
        new = [name for name in of_user if name not in self._digests]
        try:
            self._digests.update(zip(new, file_digests(new), strict=True))
        except VentralError as error:
            return str(error)
        for name in of_user:
            if self._digests[name] != record.inputs[name]:
                return f"its input {name} has been replaced"
        return None


def check_chain(expected: Mapping[str, Expected], files: Iterable[str]) -> None:
    """Refuse to show numbers that are not of the config that stands there.

    Parameters
    ----------
    expected : Mapping
        Of each job of the study.
    files : iterable of str
        What is about to be read.

    Raises
    ------
    VentralError
        A link behind the files does not hold. The message names the record, the reason, and the
        command that mends it.

    """
    refuse(list(Chain(expected).broken(files)))


def refuse(broken: list[tuple[str, str]]) -> None:
    """Raise an error that names each link that does not hold, and the command that mends it.

    Parameters
    ----------
    broken : list of tuple
        Path of a record, and the reason. An empty list raises no error.

    Raises
    ------
    VentralError
        There is one.

    """
    if not broken:
        return
    lines = [f"  {path}: {reason}" for path, reason in broken[:MAX_SHOWN]]
    if len(broken) > MAX_SHOWN:
        lines.append(f"  and {len(broken) - MAX_SHOWN} more")
    names = " ".join(path for path, _ in broken)
    raise VentralError(
        "these results are not of the config and the code that stand here:\n"
        + "\n".join(lines)
        + f"\nRemove their records and run again: rm -f {names}"
    )


def _odd_one(made_from: Iterable[str], wanted: Iterable[str]) -> str:
    return min(set(made_from) ^ set(wanted))


def expected_files(paths: Iterable[str]) -> list[str]:
    """Return the paths that a record names, as it names them: a file that is given twice once."""
    return [path for path in dict.fromkeys(map(logical_path, paths)) if is_recorded(path)]


def logical_path(path: str) -> str:
    """Return where a file lies in the working folder of the workflow.

    A job that works on the local disk of its node is given paths of copies there; they end in the
    absolute path of the original.
    """
    here = os.getcwd().strip("/") + "/"  # noqa: PTH109
    _, found, rest = path.rpartition(here)
    return rest if found else path
