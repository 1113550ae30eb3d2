"""Put all data sets, pools and regions into one table."""

import pandas as pd

from ventral.jobs.job import job
from ventral.scores.regions import table_of_regions
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    display, members = snakemake.params.display, snakemake.params.members
    summaries = [
        at_committed_settings(table, table) for table in map(read_csv, snakemake.input.summaries)
    ]
    datasets = [name for name, own in members.items() if own == [name]]
    ceilings = dict(zip(datasets, map(read_csv, snakemake.input.ceilings), strict=True))
    tables = {
        name: (summary, pd.concat([ceilings[member] for member in own]))
        for (name, own), summary in zip(members.items(), summaries, strict=True)
    }
    write_csv(snakemake.output[0], table_of_regions(tables, display["models"], display["readouts"]))
