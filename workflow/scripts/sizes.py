"""Say how much there will be, before anything runs."""

from pathlib import Path

from tabulate import tabulate

import ventral
from ventral.jobs.log import job_log
from ventral.jobs.resources.estimator import ResourceEstimator
from ventral.jobs.resources.size_tables import human_bytes, size_tables

with job_log(snakemake.log[0]):
    source_folder = Path(ventral.__file__).parents[1]
    own_code = list(map(Path, snakemake.params.own_code))
    needs = ResourceEstimator(snakemake.config, snakemake.params.results, source_folder, own_code)
    for title, table in size_tables(snakemake.config, needs).items():
        total = {column: table[column].sum() for column in ("bytes", "files") if column in table}
        for column in ("bytes", "Gram bytes"):
            if column in table:
                table[column] = [human_bytes(count) for count in table[column]]
        print(f"\n{title}\n" + tabulate(table, headers="keys", showindex=False, missingval="?"))
        if "files" in total:
            print(f"in all {human_bytes(total['bytes'])} in {int(total['files'])} files")
    print("\nmemory in MB; minutes at most, on CPUs")
