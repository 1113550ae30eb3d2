"""Targets that make no result: checks of what is stored, sizes, and the layers of each model."""


rule verify:
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        results=RESULTS,
        expected=lambda wildcards: expected_records(),
    script:
        "../scripts/verify.py"


rule sizes:
    log:
        "<logs>/sizes.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        results=RESULTS,
        own_code=list(map(str, OWN_CODE)),
        models=str(MODELS_FOLDER),
    script:
        "../scripts/sizes.py"


rule list_layers:
    input:
        weights=given(untrained_weights_of),
        files=given(fetched_files_of),
    output:
        "<results>/layers_of_models/{model}.md",
    log:
        "<logs>/list_layers/{model}.log",
    conda:
        "../../envs/torch.yaml"
    params:
        settings=given(SETTINGS.untrained_network),
        taps=lambda wildcards: dict(STUDY.models[wildcards.model].taps),
        code=code_with_model("list_layers"),
    script:
        "../scripts/list_layers.py"
