"""Take the predictions of a network's own head as a fit like any other."""

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.readouts.fit_store import write_head
from ventral.readouts.head import check_sites
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.tables import read_csv

with job(snakemake):
    head = Store(snakemake.input.head)
    responses = read_responses(snakemake.input.responses, repetitions=False)
    check_sites(head.read("name"), responses.sites["site_id"].to_numpy())
    write_head(
        snakemake.output.store,
        head.read("outputs"),
        int(head.read("n_features")[0]),
        read_csv(snakemake.input.split)["split"].to_numpy(),
        responses,
        attributes=provenance(settings=snakemake.params.settings),
    )
