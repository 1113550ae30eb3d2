"""Ceilings, the scores of each fit, and the tables made of all of them."""


rule estimate_ceilings:
    input:
        manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        "<results>/{dataset}/ceilings.csv",
        lineage="<results>/{dataset}/ceilings.lineage",
    log:
        "<logs>/estimate_ceilings/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("estimate_ceilings"),
        runtime=minutes("estimate_ceilings"),
    params:
        seed=STUDY.config["seed"],
        code=code("estimate_ceilings"),
    script:
        "../scripts/estimate_ceilings.py"


rule score_readout:
    input:
        fit_manifest="<results>/{dataset}/fits/{model}/{taps}/{readout}.json",
        fit=ancient("<results>/{dataset}/fits/{model}/{taps}/{readout}.zarr"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        ceilings="<results>/{dataset}/ceilings.csv",
    output:
        sites="<results>/{dataset}/scores/{model}/{taps}/{readout}.csv",
        population="<results>/{dataset}/population/{model}/{taps}/{readout}.csv",
        draws="<results>/{dataset}/draws/{model}/{taps}/{readout}.npz",
        lineage="<results>/{dataset}/scores/{model}/{taps}/{readout}.lineage",
    log:
        "<logs>/score_readout/{dataset}/{model}/{taps}/{readout}.log",
    benchmark:
        "<benchmarks>/score_readout/{dataset}/{model}/{taps}/{readout}.tsv"
    wildcard_constraints:
        dataset=any_of(STUDY.datasets),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("score_readout"),
        runtime=minutes("score_readout"),
    params:
        settings=SETTINGS.scores(),
        code=code("score_readout"),
    script:
        "../scripts/score_readout.py"


rule predict_between_animals:
    input:
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
        ceilings="<results>/{dataset}/ceilings.csv",
    output:
        table=report(
            "<results>/{dataset}/tables/between_animals.csv",
            caption="../report/table_between_animals.rst",
            category="{dataset}",
            labels={"result": "Predictions between animals", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/between_animals.md",
        sites="<results>/{dataset}/tables/between_animals_by_site.csv",
        lineage="<results>/{dataset}/tables/between_animals.lineage",
    log:
        "<logs>/predict_between_animals/{dataset}.log",
    benchmark:
        "<benchmarks>/predict_between_animals/{dataset}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("predict_between_animals"),
        runtime=minutes("predict_between_animals"),
    params:
        settings=SETTINGS.scores(),
        expected=expected_behind,
        code=code("predict_between_animals"),
    script:
        "../scripts/predict_between_animals.py"


rule score_pool:
    input:
        fit_manifests=of_members("fits/{model}/{taps}/{readout}.json"),
        fits=ancient(of_members("fits/{model}/{taps}/{readout}.zarr")),
        response_manifests=of_members("responses.json"),
        responses=ancient(of_members("responses.zarr")),
        ceilings=of_members("ceilings.csv"),
    output:
        sites="<results>/{dataset}/scores/{model}/{taps}/{readout}.csv",
        population="<results>/{dataset}/population/{model}/{taps}/{readout}.csv",
        draws="<results>/{dataset}/draws/{model}/{taps}/{readout}.npz",
        lineage="<results>/{dataset}/scores/{model}/{taps}/{readout}.lineage",
    log:
        "<logs>/score_pool/{dataset}/{model}/{taps}/{readout}.log",
    benchmark:
        "<benchmarks>/score_pool/{dataset}/{model}/{taps}/{readout}.tsv"
    wildcard_constraints:
        dataset=any_of(STUDY.pools),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("score_pool"),
        runtime=minutes("score_pool"),
    params:
        members=given(SETTINGS.members),
        settings=SETTINGS.scores(),
        code=code("score_pool"),
    script:
        "../scripts/score_pool.py"


rule collect_scores:
    input:
        tables_of_fits("scores"),
    output:
        "<results>/{dataset}/scores.csv",
        lineage="<results>/{dataset}/scores.lineage",
    log:
        "<logs>/collect_scores/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.fits),
        expected=expected_behind,
        code=code("collect_scores"),
    script:
        "../scripts/collect_scores.py"


rule summarise_scores:
    input:
        tables_of_fits("population"),
    output:
        "<results>/{dataset}/summary.csv",
        lineage="<results>/{dataset}/summary.lineage",
    log:
        "<logs>/summarise_scores/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.fits),
        origins=given(DISPLAY.origins),
        commit_by=SETTINGS.commit_by,
        expected=expected_behind,
        code=code("summarise_scores"),
    script:
        "../scripts/summarise_scores.py"


rule make_tables:
    input:
        summary="<results>/{dataset}/summary.csv",
        training=given(training_table),
        between_animals=given(table_between_animals),
    output:
        models=report(
            "<results>/{dataset}/tables/models.csv",
            caption="../report/table_of_models.rst",
            category="{dataset}",
            labels={"result": "Models at their committed layers", "kind": "table"},
        ),
        models_markdown="<results>/{dataset}/tables/models.md",
        layers=report(
            "<results>/{dataset}/tables/layers.csv",
            caption="../report/table_of_layers.rst",
            category="{dataset}",
            labels={"result": "Every layer of every network", "kind": "table"},
        ),
        layers_markdown="<results>/{dataset}/tables/layers.md",
        lineage="<results>/{dataset}/tables/models.lineage",
    log:
        "<logs>/make_tables/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.tables),
        expected=expected_behind,
        code=code("make_tables"),
    script:
        "../scripts/make_tables.py"


rule compare_models:
    input:
        summary="<results>/{dataset}/summary.csv",
        manifests=fits(".json"),
        fits=ancient(fits(".zarr")),
        response_manifests=of_members("responses.json"),
        responses=ancient(of_members("responses.zarr")),
    output:
        table=report(
            "<results>/{dataset}/tables/comparisons.csv",
            caption="../report/table_of_comparisons.rst",
            category="{dataset}",
            labels={"result": "Every two models compared", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/comparisons.md",
        lineage="<results>/{dataset}/tables/comparisons.lineage",
    log:
        "<logs>/compare_models/{dataset}.log",
    benchmark:
        "<benchmarks>/compare_models/{dataset}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("compare_models"),
        runtime=minutes("compare_models"),
    params:
        members=given(SETTINGS.members),
        names=given(DISPLAY.compared_fits),
        display=given(DISPLAY.tables),
        resampling=SETTINGS.resampling,
        expected=expected_behind,
        code=code("compare_models"),
    script:
        "../scripts/compare_models.py"


rule tabulate_sweeps:
    input:
        summary="<results>/{dataset}/summary.csv",
        training=given(training_table),
    output:
        table=report(
            "<results>/{dataset}/tables/sweeps.csv",
            caption="../report/table_of_sweeps.rst",
            category="{dataset}",
            labels={"result": "Every variant of the sweeps", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/sweeps.md",
        lineage="<results>/{dataset}/tables/sweeps.lineage",
    log:
        "<logs>/tabulate_sweeps/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.tables),
        expected=expected_behind,
        code=code("tabulate_sweeps"),
    script:
        "../scripts/tabulate_sweeps.py"


rule check_references:
    input:
        summary="<results>/{dataset}/summary.csv",
        scores="<results>/{dataset}/scores.csv",
        brain_scores=given(table_of_brain_scores),
    output:
        report(
            "<results>/{dataset}/tables/reference_check.csv",
            caption="../report/reference_check.rst",
            category="{dataset}",
            labels={"result": "Published numbers beside ours", "kind": "table"},
        ),
        lineage="<results>/{dataset}/tables/reference_check.lineage",
    log:
        "<logs>/check_references/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        references=given(SETTINGS.references),
        expected=expected_behind,
        code=code("check_references"),
    script:
        "../scripts/check_references.py"


rule summarise_regions:
    input:
        summaries=expand("<results>/{dataset}/summary.csv", dataset=STUDY.scored),
        ceilings=expand("<results>/{dataset}/ceilings.csv", dataset=STUDY.datasets_with_responses),
    output:
        report(
            "<results>/summary_by_region.csv",
            caption="../report/summary_by_region.rst",
            category="All data sets",
            labels={"result": "Models by data set and region", "kind": "table"},
        ),
        lineage="<results>/summary_by_region.lineage",
    log:
        "<logs>/summarise_regions.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        members={name: SETTINGS.members(name) for name in STUDY.scored},
        display=DISPLAY.table_of_all(),
        expected=expected_behind,
        code=code("summarise_regions"),
    script:
        "../scripts/summarise_regions.py"
