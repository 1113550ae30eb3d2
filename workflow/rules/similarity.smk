"""Similarity of layers to the sites of every region, and to the layers of other models."""


rule compute_similarity:
    input:
        gram_manifests=of_tap_sets("<results>/{dataset}/gram/{model}/{taps}.json"),
        grams=ancient(of_tap_sets("<results>/{dataset}/gram/{model}/{taps}.zarr")),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        table="<results>/{dataset}/similarity/{model}.csv",
        distances="<results>/{dataset}/similarity/{model}.npz",
        lineage="<results>/{dataset}/similarity/{model}.lineage",
    log:
        "<logs>/compute_similarity/{dataset}/{model}.log",
    benchmark:
        "<benchmarks>/compute_similarity/{dataset}/{model}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=megabytes("compute_similarity"),
        runtime=minutes("compute_similarity"),
    params:
        settings=SETTINGS.similarity,
        code=code("compute_similarity"),
    script:
        "../scripts/compute_similarity.py"


rule tabulate_similarity:
    input:
        tables=of_compared_models("<results>/{dataset}/similarity/{model}.csv"),
        distances=of_compared_models("<results>/{dataset}/similarity/{model}.npz"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        similarity=report(
            "<results>/{dataset}/tables/similarity.csv",
            caption="../report/table_of_similarity.rst",
            category="{dataset}",
            labels={"result": "Similarity of layers and regions", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/similarity.md",
        between_models=report(
            "<results>/{dataset}/tables/similarity_between_models.csv",
            caption="../report/table_of_similarity_between_models.rst",
            category="{dataset}",
            labels={"result": "Similarity between models", "kind": "table"},
        ),
        between_models_markdown="<results>/{dataset}/tables/similarity_between_models.md",
        lineage="<results>/{dataset}/tables/similarity.lineage",
    log:
        "<logs>/tabulate_similarity/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=megabytes("tabulate_similarity"),
        runtime=minutes("tabulate_similarity"),
    params:
        models=given(STUDY.compared_models),
        seed=STUDY.config["seed"],
        scale=STUDY.config["similarity_scale"],
        variants=given(DISPLAY.variants),
        expected=expected_behind,
        code=code("tabulate_similarity"),
    script:
        "../scripts/tabulate_similarity.py"


rule draw_similarity_along_layers:
    input:
        similarity="<results>/{dataset}/tables/similarity.csv",
        summary="<results>/{dataset}/summary.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/similarity_along_layers.svg",
            caption="../report/similarity_along_layers.rst",
            category="{dataset}",
            labels={"result": "Similarity along the layers", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/similarity_along_layers.png",
        lineage="<results>/{dataset}/figures/similarity_along_layers.lineage",
    log:
        "<logs>/draw_similarity_along_layers/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_similarity_along_layers"),
    script:
        "../scripts/draw_similarity_along_layers.py"


rule draw_dissimilarity_matrices:
    input:
        similarity="<results>/{dataset}/tables/similarity.csv",
        summary="<results>/{dataset}/summary.csv",
        gram_manifests=of_all_tap_sets("<results>/{dataset}/gram/{model}/{taps}.json"),
        grams=ancient(of_all_tap_sets("<results>/{dataset}/gram/{model}/{taps}.zarr")),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        stimulus_manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
        split="<results>/{dataset}/split.csv",
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
        "<logs>/draw_dissimilarity_matrices/{dataset}.log",
    wildcard_constraints:
        dataset=any_of(STUDY.datasets_with_responses),
    conda:
        "../../envs/analysis.yaml"
    params:
        scale=STUDY.config["similarity_scale"],
        names=given(DISPLAY.tap_sets),
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_dissimilarity_matrices"),
    script:
        "../scripts/draw_dissimilarity_matrices.py"
