"""Write the outputs of a trained head on all stimuli."""

from ventral.jobs.job import job
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store
from ventral.training.apply import apply_head

with job(snakemake):
    settings = snakemake.params.settings
    compute = snakemake.config["compute"]  # untracked: it changes the speed alone
    outputs, names, width = apply_head(
        settings,
        snakemake.input.checkpoint,
        snakemake.input.stimuli,
        device=compute["device"],
        batch_size=compute["batch_size"],
    )
    with write_store(snakemake.output.store, provenance(model=settings)) as store:
        store.put("outputs", outputs, ("stimulus", "output"))
        store.put("name", names, ("output",))
        store.put("n_features", [width], ("one",))
        stimulus_id = Store(snakemake.input.stimuli).read("stimulus_id")
        store.put("stimulus_id", stimulus_id, ("stimulus",))
        store.put("stimulus", stimulus_id, ("stimulus",))
