"""From activations to the Gram matrix of a layer, and from that to its principal components."""


rule compute_gram:
    input:
        manifest=lambda wildcards: f"{activations_of(wildcards)}.json",
        activations=ancient(lambda wildcards: f"{activations_of(wildcards)}.zarr"),
    output:
        store=directory("<results>/{dataset}/gram/{model}/{layer}.zarr"),
        manifest="<results>/{dataset}/gram/{model}/{layer}.json",
    log:
        "<logs>/compute_gram/{dataset}/{model}/{layer}.log",
    benchmark:
        "<benchmarks>/compute_gram/{dataset}/{model}/{layer}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 4
    resources:
        mem_mb=megabytes("compute_gram"),
        runtime=minutes("compute_gram"),
    params:
        code=code("compute_gram"),
    script:
        "../scripts/compute_gram.py"


rule fit_pca:
    input:
        manifest="<results>/{dataset}/gram/{model}/{layer}.json",
        gram=ancient("<results>/{dataset}/gram/{model}/{layer}.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        store=directory("<results>/{dataset}/pca/{model}/{layer}.zarr"),
        manifest="<results>/{dataset}/pca/{model}/{layer}.json",
    log:
        "<logs>/fit_pca/{dataset}/{model}/{layer}.log",
    benchmark:
        "<benchmarks>/fit_pca/{dataset}/{model}/{layer}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=megabytes("fit_pca"),
        runtime=minutes("fit_pca"),
    params:
        settings=lookup(dpath="pca", within=config),
        code=code("fit_pca"),
    script:
        "../scripts/fit_pca.py"
