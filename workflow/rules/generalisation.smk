"""Scores in distribution and out of it, of data sets whose split holds out stimuli for both."""


rule measure_distances:
    input:
        gram_manifest="<results>/{dataset}/gram/{model}/{taps}.json",
        gram=ancient("<results>/{dataset}/gram/{model}/{taps}.zarr"),
        component_manifest="<results>/{dataset}/pca/{model}/{taps}.json",
        components=ancient("<results>/{dataset}/pca/{model}/{taps}.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        "<results>/{dataset}/distances/{model}/{taps}.csv",
        lineage="<results>/{dataset}/distances/{model}/{taps}.lineage",
    log:
        "<logs>/measure_distances/{dataset}/{model}/{taps}.log",
    benchmark:
        "<benchmarks>/measure_distances/{dataset}/{model}/{taps}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("measure_distances"),
        runtime=minutes("measure_distances"),
    params:
        settings=SETTINGS.resampling,
        code=code("measure_distances"),
    script:
        "../scripts/measure_distances.py"


rule tabulate_generalisation:
    input:
        summary="<results>/{dataset}/summary.csv",
        distances=of_all_tap_sets("<results>/{dataset}/distances/{model}/{taps}.csv"),
        manifests=fits(".json"),
        fits=ancient(fits(".zarr")),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
    output:
        table=report(
            "<results>/{dataset}/tables/generalisation.csv",
            caption="../report/table_of_generalisation.rst",
            category="{dataset}",
            labels={"result": "In and out of distribution", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/generalisation.md",
        lineage="<results>/{dataset}/tables/generalisation.lineage",
    log:
        "<logs>/tabulate_generalisation/{dataset}.log",
    benchmark:
        "<benchmarks>/tabulate_generalisation/{dataset}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("tabulate_generalisation"),
        runtime=minutes("tabulate_generalisation"),
    params:
        tap_sets=given(DISPLAY.tap_sets),
        names=given(DISPLAY.compared_fits),
        display=given(DISPLAY.tables),
        resampling=SETTINGS.resampling,
        expected=expected_behind,
        code=code("tabulate_generalisation"),
    script:
        "../scripts/tabulate_generalisation.py"


rule draw_generalisation:
    input:
        table="<results>/{dataset}/tables/generalisation.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/generalisation.svg",
            caption="../report/generalisation.rst",
            category="{dataset}",
            labels={"result": "In and out of distribution", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/generalisation.png",
        lineage="<results>/{dataset}/figures/generalisation.lineage",
    log:
        "<logs>/draw_generalisation/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_generalisation"),
    script:
        "../scripts/draw_generalisation.py"
