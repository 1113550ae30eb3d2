"""The results page: all tables of the run in one file, to sort, filter and hover over."""

TABLES_OF_PAGE = tables_of_page(STUDY)


rule make_results_page:
    input:
        [f"<results>/{path}" for _, path in TABLES_OF_PAGE],
    output:
        "<results>/index.html",
        lineage="<results>/index.lineage",
    log:
        "<logs>/make_results_page.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        tables=[names for names, _ in TABLES_OF_PAGE],
        display=DISPLAY.page(),
        shown_config=shown_config,
        expected=expected_behind,
        code=code("make_results_page"),
    script:
        "../scripts/make_results_page.py"
