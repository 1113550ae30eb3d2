"""The figures, one rule each, so that a change of style draws one of them again."""


rule draw_explained_variance_by_layer:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/explained_variance_by_layer.svg",
            caption="../report/explained_variance_by_layer.rst",
            category="{dataset}",
            labels={"result": "Explained variance by layer", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/explained_variance_by_layer.png",
        lineage="<results>/{dataset}/figures/explained_variance_by_layer.lineage",
    log:
        "<logs>/draw_explained_variance_by_layer/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_explained_variance_by_layer"),
    script:
        "../scripts/draw_explained_variance_by_layer.py"


rule draw_score_along_layers:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
        between_animals=given(table_between_animals),
    output:
        svg=report(
            "<results>/{dataset}/figures/score_along_layers.svg",
            caption="../report/score_along_layers.rst",
            category="{dataset}",
            labels={"result": "Score along the layers", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/score_along_layers.png",
        lineage="<results>/{dataset}/figures/score_along_layers.lineage",
    log:
        "<logs>/draw_score_along_layers/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_score_along_layers"),
    script:
        "../scripts/draw_score_along_layers.py"


rule draw_heat_map_of_layers:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/heat_map_of_layers.svg",
            caption="../report/heat_map_of_layers.rst",
            category="{dataset}",
            labels={"result": "Every layer of every network", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/heat_map_of_layers.png",
        lineage="<results>/{dataset}/figures/heat_map_of_layers.lineage",
    log:
        "<logs>/draw_heat_map_of_layers/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_heat_map_of_layers"),
    script:
        "../scripts/draw_heat_map_of_layers.py"


rule draw_sites:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/sites.svg",
            caption="../report/sites.rst",
            category="{dataset}",
            labels={"result": "Site by site", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/sites.png",
        lineage="<results>/{dataset}/figures/sites.lineage",
    log:
        "<logs>/draw_sites/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_sites"),
    script:
        "../scripts/draw_sites.py"


rule draw_predicted_against_recorded:
    input:
        scores="<results>/{dataset}/scores.csv",
        summary="<results>/{dataset}/summary.csv",
        manifests=fits(".json"),
        fits=ancient(fits(".zarr")),
        response_manifests=of_members("responses.json"),
        responses=ancient(of_members("responses.zarr")),
    output:
        svg=report(
            "<results>/{dataset}/figures/predicted_against_recorded.svg",
            caption="../report/predicted_against_recorded.rst",
            category="{dataset}",
            labels={"result": "Recorded against predicted", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/predicted_against_recorded.png",
        lineage="<results>/{dataset}/figures/predicted_against_recorded.lineage",
    log:
        "<logs>/draw_predicted_against_recorded/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        members=given(SETTINGS.members),
        names=given(DISPLAY.compared_fits),
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_predicted_against_recorded"),
    script:
        "../scripts/draw_predicted_against_recorded.py"


rule draw_alpha_by_layer:
    input:
        summary="<results>/{dataset}/summary.csv",
        manifests=of_fits_that_choose_alpha("<results>/{member}/fits/{model}/{taps}/{readout}.json"),
        fits=ancient(
            of_fits_that_choose_alpha("<results>/{member}/fits/{model}/{taps}/{readout}.zarr")
        ),
        component_manifests=of_fits_that_choose_alpha("<results>/{member}/pca/{model}/{taps}.json"),
        components=ancient(of_fits_that_choose_alpha("<results>/{member}/pca/{model}/{taps}.zarr")),
    output:
        svg=report(
            "<results>/{dataset}/figures/alpha_by_layer.svg",
            caption="../report/alpha_by_layer.rst",
            category="{dataset}",
            labels={"result": "Alpha by layer", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/alpha_by_layer.png",
        lineage="<results>/{dataset}/figures/alpha_by_layer.lineage",
    log:
        "<logs>/draw_alpha_by_layer/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=given(DISPLAY.fits_that_choose_alpha),
        settings=given(SETTINGS.grids),
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_alpha_by_layer"),
    script:
        "../scripts/draw_alpha_by_layer.py"


rule draw_score_against_parameters:
    input:
        summary="<results>/{dataset}/summary.csv",
        training="<results>/{dataset}/tables/training.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/score_against_parameters.svg",
            caption="../report/score_against_parameters.rst",
            category="{dataset}",
            labels={"result": "Score against retrained parameters", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/score_against_parameters.png",
        lineage="<results>/{dataset}/figures/score_against_parameters.lineage",
    log:
        "<logs>/draw_score_against_parameters/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_score_against_parameters"),
    script:
        "../scripts/draw_score_against_parameters.py"


rule draw_comparisons:
    input:
        table="<results>/{dataset}/tables/comparisons.csv",
    output:
        svg=report(
            "<results>/{dataset}/figures/comparisons.svg",
            caption="../report/comparisons.rst",
            category="{dataset}",
            labels={"result": "Every two models compared", "kind": "figure"},
        ),
        png="<results>/{dataset}/figures/comparisons.png",
        lineage="<results>/{dataset}/figures/comparisons.lineage",
    log:
        "<logs>/draw_comparisons/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=given(DISPLAY.figures),
        expected=expected_behind,
        code=code("draw_comparisons"),
    script:
        "../scripts/draw_comparisons.py"


rule draw_score_by_region:
    input:
        table="<results>/summary_by_region.csv",
    output:
        svg=report(
            "<results>/summary_by_region.svg",
            caption="../report/score_by_region.rst",
            category="All data sets",
            labels={"result": "Models by data set and region", "kind": "figure"},
        ),
        png="<results>/summary_by_region.png",
        lineage="<results>/score_by_region.lineage",
    log:
        "<logs>/draw_score_by_region.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        display=DISPLAY.figure_of_all(),
        expected=expected_behind,
        code=code("draw_score_by_region"),
    script:
        "../scripts/draw_score_by_region.py"
