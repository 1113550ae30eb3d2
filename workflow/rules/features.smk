"""From activations to the Gram matrices of a tap set, and from those to principal components."""


rule compute_gram:
    input:
        manifest="<results>/{dataset}/activations/{model}/{taps}.json",
        activations=ancient("<results>/{dataset}/activations/{model}/{taps}.zarr"),
    output:
        store="<results>/{dataset}/gram/{model}/{taps}.zarr",
        manifest="<results>/{dataset}/gram/{model}/{taps}.json",
        lineage="<results>/{dataset}/gram/{model}/{taps}.lineage",
    log:
        "<logs>/compute_gram/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/compute_gram/{dataset}/{model}/{taps}.tsv"
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
        manifest="<results>/{dataset}/gram/{model}/{taps}.json",
        gram=ancient("<results>/{dataset}/gram/{model}/{taps}.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        store="<results>/{dataset}/pca/{model}/{taps}.zarr",
        manifest="<results>/{dataset}/pca/{model}/{taps}.json",
        lineage="<results>/{dataset}/pca/{model}/{taps}.lineage",
    log:
        "<logs>/fit_pca/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/fit_pca/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=megabytes("fit_pca"),
        runtime=minutes("fit_pca"),
    params:
        settings=given(SETTINGS.components),
        code=code("fit_pca"),
    script:
        "../scripts/fit_pca.py"
