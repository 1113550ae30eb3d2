"""Record the activations of one tap set of a model, in one forward pass."""

from pathlib import Path

from ventral.activations.extract import extract_activations
from ventral.jobs.job import job
from ventral.networks.build import build, model_facts

with job(snakemake):
    settings = snakemake.params.settings
    weights = Path(snakemake.input.weights) if snakemake.input.get("weights") else None
    files = Path(snakemake.input.files) if snakemake.input.get("files") else None
    model = build(settings, weights, settings["seed"], files)
    extract_activations(
        snakemake.input.stimuli,
        model.network,
        settings["layers"],
        model.preprocessing,
        Path(snakemake.output.store).with_suffix(""),
        dtype=settings["dtype"],
        pool=settings.get("pool", "none"),
        stochastic_seed=settings["seed"] if settings["stochastic"] else None,
        attributes=model_facts(settings, weights, settings["seed"], files, model.not_loaded),
        # Read past the params, untracked: these change the speed and not what is asked for.
        **snakemake.config["compute"],
    )
