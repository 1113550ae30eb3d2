"""Layers beside regions of which dissimilarities of stimuli are known, and no responses."""


rule prepare_dissimilarities:
    input:
        files=paths_of("stimuli", "responses"),
        stimulus_manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
    output:
        "<results>/{dataset}/dissimilarities.npz",
        lineage="<results>/{dataset}/dissimilarities.lineage",
    log:
        "<logs>/prepare_dissimilarities/{dataset}.log",
    priority: FIRST
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=given(SETTINGS.responses),
        files=given(SETTINGS.response_files),
        content=given(SETTINGS.response_content),
        code=code_with_source("prepare_dissimilarities"),
    script:
        "../scripts/prepare_dissimilarities.py"


rule compute_dissimilarities:
    input:
        manifest="<results>/{dataset}/activations/{model}/{taps}.json",
        activations=ancient("<results>/{dataset}/activations/{model}/{taps}.zarr"),
    output:
        "<results>/{dataset}/dissimilarities/{model}/{taps}.npz",
        lineage="<results>/{dataset}/dissimilarities/{model}/{taps}.lineage",
    log:
        "<logs>/compute_dissimilarities/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/compute_dissimilarities/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 4
    resources:
        mem_mb=megabytes("compute_dissimilarities"),
        runtime=minutes("compute_dissimilarities"),
    params:
        code=code("compute_dissimilarities"),
    script:
        "../scripts/compute_dissimilarities.py"


rule compare_dissimilarities:
    input:
        layers="<results>/{dataset}/dissimilarities/{model}/{taps}.npz",
        regions="<results>/{dataset}/dissimilarities.npz",
    output:
        "<results>/{dataset}/compared/{model}/{taps}.csv",
        lineage="<results>/{dataset}/compared/{model}/{taps}.lineage",
    log:
        "<logs>/compare_dissimilarities/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/compare_dissimilarities/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("compare_dissimilarities"),
        runtime=minutes("compare_dissimilarities"),
    params:
        settings=SETTINGS.resampling,
        code=code("compare_dissimilarities"),
    script:
        "../scripts/compare_dissimilarities.py"


rule tabulate_dissimilarities:
    input:
        layers=of_all_tap_sets("<results>/{dataset}/compared/{model}/{taps}.csv"),
        regions="<results>/{dataset}/dissimilarities.npz",
    output:
        table=report(
            "<results>/{dataset}/tables/dissimilarities.csv",
            caption="../report/table_of_dissimilarities.rst",
            category="{dataset}",
            labels={"result": "Dissimilarities of every layer", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/dissimilarities.md",
        lineage="<results>/{dataset}/tables/dissimilarities.lineage",
    log:
        "<logs>/tabulate_dissimilarities/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.tap_sets),
        settings=SETTINGS.resampling,
        variants=given(DISPLAY.variants),
        expected=expected_behind,
        code=code("tabulate_dissimilarities"),
    script:
        "../scripts/tabulate_dissimilarities.py"


rule draw_dissimilarities:
    input:
        "<results>/{dataset}/tables/dissimilarities.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/dissimilarities.svg",
            caption="../report/dissimilarities.rst",
            category="{dataset}",
            labels={"result": "Dissimilarities along the layers", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/dissimilarities.png",
        lineage="<results>/{dataset}/figures/dissimilarities.lineage",
    log:
        "<logs>/draw_dissimilarities/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_dissimilarities"),
    script:
        "../scripts/draw_dissimilarities.py"


rule draw_given_dissimilarities:
    input:
        table="<results>/{dataset}/tables/dissimilarities.csv",
        layers=of_all_tap_sets("<results>/{dataset}/dissimilarities/{model}/{taps}.npz"),
        regions="<results>/{dataset}/dissimilarities.npz",
        stimulus_manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
    output:
        svg=report(
            "<results>/{dataset}/figures/dissimilarity_matrices.svg",
            caption="../report/dissimilarity_matrices.rst",
            category="{dataset}",
            labels={"result": "Dissimilarity matrices", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/dissimilarity_matrices.png",
        lineage="<results>/{dataset}/figures/dissimilarity_matrices.lineage",
    log:
        "<logs>/draw_given_dissimilarities/{dataset}.log",
    wildcard_constraints:
        dataset=any_of(STUDY.datasets_with_dissimilarities),
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.tap_sets),
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_given_dissimilarities"),
    script:
        "../scripts/draw_given_dissimilarities.py"
