"""Fit the principal components of one layer on the train stimuli."""

import pandas as pd

from ventral.data.splits import rows_of
from ventral.features.pca import fit_pca
from ventral.job_log import job_log
from ventral.provenance import provenance
from ventral.store import Store, write_store

with job_log(snakemake.log[0]):
    source = Store(snakemake.input.gram)
    split = pd.read_csv(snakemake.input.split, dtype=str)
    settings = snakemake.params.settings
    components = fit_pca(
        source.read("gram"),
        rows_of(split, "train"),
        settings["n_components"],
        settings["when_rank_is_lower"],
    )
    attributes = {"rank": components.rank, **provenance(gram=source.manifest["gram"])}
    with write_store(snakemake.output.store, attributes) as store:
        store.put("scores", components.scores, ("stimulus", "component"))
        store.put("eigenvalues", components.eigenvalues, ("component",))
        store.put("explained_variance_ratio", components.explained_variance_ratio, ("component",))
        store.put("rank", [components.rank], ("one",))
        store.put("stimulus_id", source.read("stimulus_id"), ("stimulus",))
