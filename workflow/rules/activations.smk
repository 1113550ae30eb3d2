"""Weights, and the activations of each tap set of a model."""


rule fetch_weights:
    output:
        "<resources>/weights/{architecture}-{weights}.pth",
    log:
        "<logs>/fetch_weights/{architecture}-{weights}.log",
    wildcard_constraints:
        architecture="[a-z0-9_]+",
        weights="[A-Z0-9_a-z]+",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        weights=lambda wildcards: [wildcards.architecture, wildcards.weights],
    script:
        "../scripts/fetch_weights.py"


rule fetch_model:
    output:
        manifest="<resources>/models/{named}.json",
        files=directory("<resources>/models/{named}"),
    log:
        "<logs>/fetch_model/{named}.log",
    wildcard_constraints:
        named=any_of(NAMED_MODELS),
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        model=lambda wildcards: NAMED_MODELS[wildcards.named],
    script:
        "../scripts/fetch_model.py"


rule extract_activations:
    input:
        manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
        weights=given(weights_of),
        files=given(fetched_files_of),
    output:
        store=directory("<results>/{dataset}/activations/{model}/{taps}.zarr"),
        manifest="<results>/{dataset}/activations/{model}/{taps}.json",
        lineage="<results>/{dataset}/activations/{model}/{taps}.lineage",
    log:
        "<logs>/extract_activations/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/extract_activations/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=megabytes("extract_activations"),
        runtime=minutes("extract_activations"),
    params:
        settings=given(SETTINGS.extraction),
        code=code_with_model("extract_activations"),
    script:
        "../scripts/extract_activations.py"


rule prune_activations:
    input:
        manifest="<results>/{dataset}/activations/{model}/{taps}.json",
        kept=given(what_rests_on_activations),
    output:
        "<results>/{dataset}/pruned/{model}/{taps}.json",
    log:
        "<logs>/prune_activations/{dataset}/{model}/{taps}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    script:
        "../scripts/prune_activations.py"
