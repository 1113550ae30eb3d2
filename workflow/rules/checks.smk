"""Targets that make nothing: what is stored is compared with its checksums, and sizes are printed."""


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
