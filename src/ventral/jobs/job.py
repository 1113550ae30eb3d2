"""What runs around each step: its log, its claim to its outputs, and the record of its lineage."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ventral.errors import VentralError
from ventral.jobs.chain import check_chain, logical_path
from ventral.jobs.log import job_log
from ventral.storage.atomic import write_aside
from ventral.storage.claims import claim_path, claimed
from ventral.storage.file_digests import file_digests, read_digest
from ventral.storage.lineage import ENDING, Record, is_recorded, read_record
from ventral.storage.provenance import package_versions

MADE_OF_INPUTS = ("expected", "shown_config")
"""Params that the workflow manager does not track: checked, or shown, and deciding nothing."""

NOT_SETTINGS = ("code", *MADE_OF_INPUTS)


@contextlib.contextmanager
def job(context: Any) -> Iterator[None]:
    """Run a step: log, claim its outputs, check what it reads, and record what it was made from.

    Parameters
    ----------
    context : object
        What a script is given by its rule. Without an output `lineage` there is only a log. With a
        param `expected` the whole chain behind the inputs is checked (see `check_chain`).

    """
    with job_log(context.log[0]):
        record = context.output.get("lineage")
        if record is None:
            yield
            return
        outputs = list(context.output)
        with claimed(claim_path(logical_path(record)), outputs):
            inputs = _read_inputs(context.input)
            if context.params.get("expected"):
                check_chain(context.params.expected, inputs)
            yield
            params = dict(context.params.items())
            made = Record(
                step=context.rule,
                settings={name: params[name] for name in params if name not in NOT_SETTINGS},
                code=params["code"],
                packages=package_versions(),
                inputs=inputs,
                outputs={
                    logical_path(path): read_digest(path) for path in outputs if is_recorded(path)
                },
            )
            with write_aside(record) as aside:
                aside.write_text(made.to_json(), encoding="utf-8")


def _read_inputs(paths: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each input, by the path that records have for it.

    Raises
    ------
    VentralError
        An input is not what the job that made it wrote. The message names the command that mends
        it.

    """
    found, of_user = {}, {}
    for path in filter(is_recorded, paths):
        name = logical_path(path)
        made = read_record(Path(name).with_suffix(ENDING))
        if made is None or name not in made.outputs:
            of_user[name] = path
            continue
        found[name] = read_digest(path)
        if made.outputs[name] != found[name]:
            raise VentralError(
                f"{name} is not what the job that made it wrote. Remove it and run again: rm {name}"
            )
    return found | dict(zip(of_user, file_digests(of_user.values()), strict=True))
