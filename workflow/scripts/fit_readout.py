"""Fit one readout from the features of a layer to the responses of every site."""

import logging

import pandas as pd

from ventral.data.responses import read_responses
from ventral.data.splits import partitions_of, rows_of
from ventral.features.pca import fit_pca
from ventral.features.pca_store import read_components
from ventral.jobs.log import job_log
from ventral.readouts.fit import components_used, fit_readout
from ventral.readouts.fit_store import FittedPartition, write_fit
from ventral.storage.provenance import provenance
from ventral.storage.store import Store

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    is_raw = settings["features"] == "raw"
    partitions = partitions_of(pd.read_csv(snakemake.input.split, dtype=str))
    responses = read_responses(snakemake.input.responses, repetitions=False)
    if is_raw:
        gram = Store(snakemake.input.features).read("gram")
    else:
        components = read_components(snakemake.input.features)
    fitted = {}
    for name, partition in partitions.items():
        train = rows_of(partition, "train")
        if is_raw:
            found = fit_pca(gram, train, None)
            scores, eigenvalues = found.scores, found.eigenvalues
        else:
            scores, eigenvalues = components[name]
        readout, scores = fit_readout(settings, scores, eigenvalues, responses, train)
        fitted[name] = FittedPartition(
            split=partition["split"].to_numpy(),
            readout=readout,
            predictions=readout.predict(scores),
            n_components=components_used(settings, scores),
        )
        if readout.alpha_on_edge.any():
            logging.warning(
                "%s: alpha lies on the edge of its grid at %d of %d sites: a wider grid may do"
                " better",
                name or "the fit",
                readout.alpha_on_edge.sum(),
                len(readout.alpha_on_edge),
            )
    write_fit(
        snakemake.output.store,
        fitted,
        responses,
        is_raw=is_raw,
        attributes=provenance(settings=settings),
    )
