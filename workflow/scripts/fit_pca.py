"""Fit the principal components of one layer on the train stimuli of each partition."""

import pandas as pd

from ventral.data.splits import partitions_of, rows_of
from ventral.features.pca import fit_pca
from ventral.features.pca_store import write_components
from ventral.jobs.log import job_log
from ventral.storage.provenance import provenance
from ventral.storage.store import Store

with job_log(snakemake.log[0]):
    source = Store(snakemake.input.gram)
    gram = source.read("gram")
    settings = snakemake.params.settings
    components = {
        name: fit_pca(
            gram,
            rows_of(partition, "train"),
            settings["n_components"],
            settings["when_rank_is_lower"],
        )
        for name, partition in partitions_of(pd.read_csv(snakemake.input.split, dtype=str)).items()
    }
    write_components(
        snakemake.output.store,
        components,
        source.read("stimulus_id"),
        provenance(gram=source.manifest["gram"]),
    )
