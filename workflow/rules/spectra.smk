"""What the components of each layer hold, where the config asks with `spectra: true`."""


rule compute_spectra:
    input:
        component_manifest="<results>/{dataset}/pca/{model}/{taps}.json",
        components=ancient("<results>/{dataset}/pca/{model}/{taps}.zarr"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        spectra="<results>/{dataset}/spectra/{model}/{taps}.csv",
        curves="<results>/{dataset}/score_by_components/{model}/{taps}.csv",
        lineage="<results>/{dataset}/spectra/{model}/{taps}.lineage",
    log:
        "<logs>/compute_spectra/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/compute_spectra/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=megabytes("compute_spectra"),
        runtime=minutes("compute_spectra"),
    params:
        settings=SETTINGS.resampling,
        code=code("compute_spectra"),
    script:
        "../scripts/compute_spectra.py"


rule tabulate_spectra:
    input:
        spectra=of_all_tap_sets("<results>/{dataset}/spectra/{model}/{taps}.csv"),
        curves=of_all_tap_sets("<results>/{dataset}/score_by_components/{model}/{taps}.csv"),
    output:
        spectra=report(
            "<results>/{dataset}/tables/spectra.csv",
            caption="../report/table_of_spectra.rst",
            category="{dataset}",
            labels={"result": "Eigenspectra of the layers", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/spectra.md",
        curves="<results>/{dataset}/tables/score_by_components.csv",
        lineage="<results>/{dataset}/tables/spectra.lineage",
    log:
        "<logs>/tabulate_spectra/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.tap_sets),
        variants=given(DISPLAY.variants),
        expected=expected_behind,
        code=code("tabulate_spectra"),
    script:
        "../scripts/tabulate_spectra.py"


rule draw_score_by_components:
    input:
        curves="<results>/{dataset}/tables/score_by_components.csv",
        summary="<results>/{dataset}/summary.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/score_by_components.svg",
            caption="../report/score_by_components.rst",
            category="{dataset}",
            labels={"result": "Score by number of components", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/score_by_components.png",
        lineage="<results>/{dataset}/figures/score_by_components.lineage",
    log:
        "<logs>/draw_score_by_components/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_score_by_components"),
    script:
        "../scripts/draw_score_by_components.py"
