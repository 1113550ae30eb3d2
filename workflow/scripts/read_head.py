"""Take the predictions of a network's own head as a fit like any other."""

import numpy as np

from ventral.data.responses import read_responses
from ventral.jobs.log import job_log
from ventral.readouts.head import check_sites
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store
from ventral.storage.tables import read_csv

with job_log(snakemake.log[0]):
    head = Store(snakemake.input.head)
    responses = read_responses(snakemake.input.responses, repetitions=False)
    sites = responses.sites["site_id"].to_numpy()
    check_sites(head.read("name"), sites)
    with write_store(snakemake.output.store, provenance(settings=snakemake.params.settings)) as fit:
        fit.put("predictions", head.read("outputs"), ("stimulus", "site"))
        fit.put("split", read_csv(snakemake.input.split)["split"].to_numpy(), ("stimulus",))
        fit.put("stimulus_id", responses.stimulus_id, ("stimulus",))
        fit.put("site_id", sites, ("site",))
        fit.put("alpha", np.full(len(sites), np.nan), ("site",))
        fit.put("alpha_on_edge", np.zeros(len(sites), bool), ("site",))
        fit.put("n_components", head.read("n_features"), ("one",))
