"""Scores against chance, where the config asks with `scores: {n_permutations: …}`."""


rule compare_with_chance:
    input:
        fit_manifest="<results>/{dataset}/fits/{model}/{taps}/{readout}.json",
        fit=ancient("<results>/{dataset}/fits/{model}/{taps}/{readout}.zarr"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        sites="<results>/{dataset}/chance/{model}/{taps}/{readout}.csv",
        regions="<results>/{dataset}/chance_of_regions/{model}/{taps}/{readout}.csv",
        lineage="<results>/{dataset}/chance/{model}/{taps}/{readout}.lineage",
    log:
        "<logs>/compare_with_chance/{dataset}/{model}/{taps}/{readout}.log",
    benchmark:
        "<benchmarks>/compare_with_chance/{dataset}/{model}/{taps}/{readout}.tsv"
    wildcard_constraints:
        dataset=any_of(STUDY.datasets),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("compare_with_chance"),
        runtime=minutes("compare_with_chance"),
    params:
        settings=SETTINGS.chance,
        code=code("compare_with_chance"),
    script:
        "../scripts/compare_with_chance.py"


rule tabulate_chance:
    input:
        sites=tables_of_fits("chance"),
        regions=tables_of_fits("chance_of_regions"),
        summary="<results>/{dataset}/summary.csv",
    output:
        sites="<results>/{dataset}/chance.csv",
        regions=report(
            "<results>/{dataset}/tables/chance.csv",
            caption="../report/table_of_chance.rst",
            category="{dataset}",
            labels={"result": "Scores against chance", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/chance.md",
        lineage="<results>/{dataset}/tables/chance.lineage",
    log:
        "<logs>/tabulate_chance/{dataset}.log",
    wildcard_constraints:
        dataset=any_of(STUDY.datasets),
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.fits),
        display=given(DISPLAY.tables),
        expected=expected_behind,
        code=code("tabulate_chance"),
    script:
        "../scripts/tabulate_chance.py"
