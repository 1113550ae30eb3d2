"""Fit one readout from the features of a layer to the responses of every site."""

import logging

import pandas as pd

from ventral.data.responses import read_responses
from ventral.data.splits import rows_of
from ventral.features.pca import fit_pca
from ventral.job_log import job_log
from ventral.provenance import provenance
from ventral.readouts.fit import fit_readout
from ventral.store import Store, write_store

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    split = pd.read_csv(snakemake.input.split, dtype=str)
    responses = read_responses(snakemake.input.responses)
    features = Store(snakemake.input.features)
    train = rows_of(split, "train")
    if settings["features"] == "raw":
        components = fit_pca(features.read("gram"), train, None)
        scores, eigenvalues = components.scores, components.eigenvalues
    else:
        scores, eigenvalues = features.read("scores"), features.read("eigenvalues")
    readout, scores = fit_readout(settings, scores, eigenvalues, responses, train)
    if readout.alpha_on_edge.any():
        logging.warning(
            "alpha lies on the edge of its grid at %d of %d sites: a wider grid may do better",
            readout.alpha_on_edge.sum(),
            len(readout.alpha_on_edge),
        )
    with write_store(snakemake.output.store, provenance(settings=settings)) as store:
        store.put("predictions", readout.predict(scores), ("stimulus", "site"))
        store.put("split", split["split"].to_numpy(), ("stimulus",))
        store.put("stimulus_id", responses.stimulus_id, ("stimulus",))
        store.put("site_id", responses.sites["site_id"].to_numpy(), ("site",))
        store.put("alpha", readout.alpha, ("site",))
        store.put("alpha_on_edge", readout.alpha_on_edge, ("site",))
        store.put("intercept", readout.intercept, ("site",))
        if settings["features"] == "raw":
            store.put("dual_coefficients", readout.dual_coefficients, ("train_stimulus", "site"))
        else:
            store.put("coefficients", readout.coefficients, ("component", "site"))
        store.put("n_components", [scores.shape[1]], ("one",))
