"""Files, stimuli, splits and responses."""

# What reads the user's files goes first: a mistake in them is found before any network has run.
FIRST = 100


rule fetch_file:
    output:
        "<resources>/downloads/{download}",
    log:
        "<logs>/fetch_file/{download}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    script:
        "../scripts/fetch_file.py"


rule prepare_stimuli:
    input:
        files=when_planned(paths_of("stimuli")),  # every result is made from stimuli
    output:
        store=directory("<results>/{dataset}/stimuli.zarr"),
        manifest="<results>/{dataset}/stimuli.json",
        lineage="<results>/{dataset}/stimuli.lineage",
    log:
        "<logs>/prepare_stimuli/{dataset}.log",
    benchmark:
        "<benchmarks>/prepare_stimuli/{dataset}.tsv"
    priority: FIRST
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("prepare_stimuli"),
        runtime=minutes("prepare_stimuli"),
    params:
        settings=given(SETTINGS.stimuli),
        files=given(SETTINGS.stimulus_files),
        content=given(SETTINGS.stimulus_content),
        code=code_with_source("prepare_stimuli"),
    script:
        "../scripts/prepare_stimuli.py"


rule assign_split:
    input:
        manifest="<results>/{dataset}/stimuli.json",
        store=ancient("<results>/{dataset}/stimuli.zarr"),
    output:
        "<results>/{dataset}/split.csv",
        lineage="<results>/{dataset}/split.lineage",
    log:
        "<logs>/assign_split/{dataset}.log",
    priority: FIRST
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=given(SETTINGS.split),
        code=code("assign_split"),
    script:
        "../scripts/assign_split.py"


rule prepare_responses:
    input:
        files=paths_of("stimuli", "responses"),
        stimulus_manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
    output:
        store=directory("<results>/{dataset}/responses.zarr"),
        manifest="<results>/{dataset}/responses.json",
        lineage="<results>/{dataset}/responses.lineage",
    log:
        "<logs>/prepare_responses/{dataset}.log",
    benchmark:
        "<benchmarks>/prepare_responses/{dataset}.tsv"
    priority: FIRST
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=megabytes("prepare_responses"),
        runtime=minutes("prepare_responses"),
    params:
        settings=given(SETTINGS.responses),
        files=given(SETTINGS.response_files),
        content=given(SETTINGS.response_content),
        code=code_with_source("prepare_responses"),
    script:
        "../scripts/prepare_responses.py"
