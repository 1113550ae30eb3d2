"""Write the outputs of a trained head on all stimuli."""

from pathlib import Path

from ventral.jobs.job import job
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.training.apply import apply_head
from ventral.training.head_store import write_head_outputs

with job(snakemake):
    settings = snakemake.params.settings
    compute = snakemake.config["compute"]  # untracked: it changes the speed alone
    head = apply_head(
        settings,
        snakemake.input.checkpoint,
        snakemake.input.stimuli,
        files=Path(snakemake.input.files) if snakemake.input.get("files") else None,
        device=compute["device"],
        batch_size=compute["batch_size"],
    )
    stimulus_id = Store(snakemake.input.stimuli).read("stimulus_id")
    write_head_outputs(snakemake.output.store, head, stimulus_id, provenance(model=settings))
