"""The front door: the config, the rules of each step, and what to make."""

from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/source.smk"


if "datasets" not in config:

    configfile: f"{ROOT}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/paths.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/readouts.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        expand("<results>/summary_by_region.{ending}", ending=["csv", "svg", "png"]),
        expand("<results>/{dataset}/scores.csv", dataset=STUDY.datasets),
        expand("<results>/{dataset}/summary.csv", dataset=STUDY.datasets),
        expand(
            "<results>/{dataset}/tables/{table}.{ending}",
            dataset=STUDY.datasets,
            table=["models", "layers"],
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/tables/{table}.{ending}",
            dataset=STUDY.datasets_with_training,
            table=["training", "classification"],
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/figures/score_against_parameters.{ending}",
            dataset=STUDY.datasets_with_training,
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/figures/{figure}.{ending}",
            dataset=STUDY.datasets,
            figure=["explained_variance_by_layer", "score_along_layers"],
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/tables/sweeps.{ending}",
            dataset=STUDY.datasets_with_sweeps,
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/tables/reference_check.csv",
            dataset=STUDY.datasets_with_references,
        ),
        pruned_stores(),
    localrule: True


rule fetch:
    input:
        files_to_fetch(),
    localrule: True


rule verify:
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        "envs/analysis.yaml"
    params:
        results=RESULTS,
    script:
        "workflow/scripts/verify.py"


rule sizes:
    log:
        "<logs>/sizes.log",
    localrule: True
    conda:
        "envs/torch.yaml"
    params:
        results=RESULTS,
        own_code=list(map(str, OWN_CODE)),
    script:
        "workflow/scripts/sizes.py"
