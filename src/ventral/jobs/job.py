"""What runs around each step: its log, its claim to its outputs, and the record of its lineage."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ventral.errors import VentralError
from ventral.jobs.chain import check_chain, logical_path
from ventral.jobs.log import job_log
from ventral.storage.atomic import write_aside
from ventral.storage.claims import claim_path, claimed
from ventral.storage.file_sums import file_sum, remembered_sum
from ventral.storage.lineage import ENDING, Record, is_recorded, read_record
from ventral.storage.provenance import package_versions

LARGE_FILE = 2**20
"""Bytes from which the sum of a file is remembered."""
NOT_SETTINGS = ("code", "expected")


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run a step: log, claim its outputs, check what it reads, and record what it was made from.

    Parameters
    ----------
    snakemake : object
        What Snakemake gives a script. Without an output `lineage` there is only a log. With a
        param `expected` the whole chain behind the inputs is checked (see `check_chain`).

    """
    with job_log(snakemake.log[0]):
        record = snakemake.output.get("lineage")
        if record is None:
            yield
            return
        outputs = list(snakemake.output)
        with claimed(claim_path(logical_path(record)), outputs):
            inputs = {
                logical_path(path): _sum(path) for path in snakemake.input if is_recorded(path)
            }
            _check_inputs(inputs)
            if snakemake.params.get("expected"):
                check_chain(snakemake.params.expected, inputs)
            yield
            params = dict(snakemake.params.items())
            made = Record(
                step=snakemake.rule,
                settings={name: params[name] for name in params if name not in NOT_SETTINGS},
                code=params["code"],
                packages=package_versions(),
                inputs=inputs,
                outputs={
                    logical_path(path): file_sum(path) for path in outputs if is_recorded(path)
                },
            )
            with write_aside(record) as aside:
                aside.write_text(made.to_json(), encoding="utf-8")


def _sum(path: str) -> str:
    return remembered_sum(path) if Path(path).stat().st_size >= LARGE_FILE else file_sum(path)


def _check_inputs(inputs: Mapping[str, str]) -> None:
    """Refuse an input that is not what the job that made it wrote.

    Raises
    ------
    VentralError
        Names the input and the command that mends it.

    """
    for name, sha256 in inputs.items():
        made = read_record(Path(name).with_suffix(ENDING))
        if made is not None and made.outputs.get(name, sha256) != sha256:
            raise VentralError(
                f"{name} is not what the job that made it wrote. Remove it and run again:"
                f" rm {name}"
            )
