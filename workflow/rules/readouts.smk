"""Regressions from the features of each layer of a tap set to the responses of each site."""


rule fit_readout:
    input:
        component_manifest="<results>/{dataset}/pca/{model}/{taps}.json",
        components=ancient("<results>/{dataset}/pca/{model}/{taps}.zarr"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        store="<results>/{dataset}/fits/{model}/{taps}/{readout}.zarr",
        manifest="<results>/{dataset}/fits/{model}/{taps}/{readout}.json",
        lineage="<results>/{dataset}/fits/{model}/{taps}/{readout}.lineage",
    log:
        "<logs>/fit_readout/{dataset}/{model}/{taps}/{readout}.log",
    benchmark:
        "<benchmarks>/fit_readout/{dataset}/{model}/{taps}/{readout}.tsv"
    wildcard_constraints:
        readout=any_of(STUDY.fitted_readouts),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("fit_readout"),
        runtime=minutes("fit_readout"),
    params:
        settings=given(SETTINGS.readout),
        code=code("fit_readout"),
    script:
        "../scripts/fit_readout.py"


rule read_head:
    input:
        head_manifest="<results>/{dataset}/heads/{model}.json",
        head=ancient("<results>/{dataset}/heads/{model}.zarr"),
        response_manifest="<results>/{dataset}/responses.json",
        responses=ancient("<results>/{dataset}/responses.zarr"),
        split="<results>/{dataset}/split.csv",
    output:
        store="<results>/{dataset}/fits/{model}/head/{readout}.zarr",
        manifest="<results>/{dataset}/fits/{model}/head/{readout}.json",
        lineage="<results>/{dataset}/fits/{model}/head/{readout}.lineage",
    log:
        "<logs>/read_head/{dataset}/{model}/{readout}.log",
    wildcard_constraints:
        readout=any_of(STUDY.heads),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=given(SETTINGS.readout),
        code=code("read_head"),
    script:
        "../scripts/read_head.py"
