"""Say how much there will be, before anything runs."""

from pathlib import Path

from tabulate import tabulate

import ventral
from ventral.jobs.log import job_log
from ventral.jobs.resources.estimator import ResourceEstimator
from ventral.jobs.resources.size_tables import human_bytes, size_tables
from ventral.study.study import Study

with job_log(snakemake.log[0]):
    own_code = list(map(Path, snakemake.params.own_code))
    estimator = ResourceEstimator(
        Study.from_config(snakemake.config, folders=own_code),
        snakemake.params.results,
        Path(ventral.__file__).parents[1],
        own_code,
        Path(snakemake.params.models),
    )
    for title, table in size_tables(estimator).items():
        for column in table:
            if column.endswith("bytes"):
                table[column] = [human_bytes(count) for count in table[column]]
        print(f"\n{title}\n" + tabulate(table, headers="keys", showindex=False, missingval="?"))
    print("\nbytes, memory (MB) and minutes (on CPUs) at most")
