"""Scores as Brain-Score publishes them, where a data set asks with `brain_score: true`."""


rule tabulate_brain_scores:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
    output:
        table=report(
            "<results>/{dataset}/tables/brain_score.csv",
            caption="../report/table_of_brain_scores.rst",
            category="{dataset}",
            labels={"result": "Brain-Score's protocol", "kind": "table"},
        ),
        markdown="<results>/{dataset}/tables/brain_score.md",
        lineage="<results>/{dataset}/tables/brain_score.lineage",
    log:
        "<logs>/tabulate_brain_scores/{dataset}.log",
    wildcard_constraints:
        dataset=any_of(STUDY.datasets),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("tabulate_brain_scores"),
        runtime=minutes("tabulate_brain_scores"),
    params:
        display=given(DISPLAY.tables),
        expected=expected_behind,
        code=code("tabulate_brain_scores"),
    script:
        "../scripts/tabulate_brain_scores.py"
