"""Train the stage of a model, and ask a trained head."""


rule train_model:
    input:
        manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
        split="<results>/{dataset}/split.csv",
        weights=given(start_of),
        files=given(fetched_files_of),
        response_manifest=trained_responses(".json"),
        responses=ancient(trained_responses(".zarr")),
    output:
        checkpoint="<results>/{dataset}/checkpoints/{model}.pt",
        table="<results>/{dataset}/checkpoints/{model}.training.csv",
        lineage="<results>/{dataset}/checkpoints/{model}.lineage",
    log:
        "<logs>/train_model/{dataset}/{model}.log",
    benchmark:
        "<benchmarks>/train_model/{dataset}/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=megabytes("train_model"),
        runtime=minutes("train_model"),
    params:
        settings=given(SETTINGS.training),
        code=code_with_model("train_model"),
    script:
        "../scripts/train_model.py"


rule apply_head:
    input:
        manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
        checkpoint="<results>/{dataset}/checkpoints/{model}.pt",
        files=given(fetched_files_of),
    output:
        store=directory("<results>/{dataset}/heads/{model}.zarr"),
        manifest="<results>/{dataset}/heads/{model}.json",
        lineage="<results>/{dataset}/heads/{model}.lineage",
    log:
        "<logs>/apply_head/{dataset}/{model}.log",
    benchmark:
        "<benchmarks>/apply_head/{dataset}/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=megabytes("apply_head"),
        runtime=minutes("apply_head"),
    params:
        settings=given(SETTINGS.network),
        code=code_with_model("apply_head"),
    script:
        "../scripts/apply_head.py"


rule tabulate_training:
    input:
        tables=of_trained(
            STUDY.trained_models, "<results>/{dataset}/checkpoints/{model}.training.csv"
        ),
        heads=of_trained(STUDY.trained_models, "<results>/{dataset}/heads/{model}.json"),
        stores=ancient(of_trained(STUDY.trained_models, "<results>/{dataset}/heads/{model}.zarr")),
        response_manifest=responses_that_train(".json"),
        responses=ancient(responses_that_train(".zarr")),
        split="<results>/{dataset}/split.csv",
        manifest="<results>/{dataset}/stimuli.json",
        stimuli=ancient("<results>/{dataset}/stimuli.zarr"),
    output:
        training=report(
            "<results>/{dataset}/tables/training.csv",
            caption="../report/table_of_training.rst",
            category="{dataset}",
            labels={"result": "What training gained", "kind": "table"},
        ),
        training_markdown="<results>/{dataset}/tables/training.md",
        classification=report(
            "<results>/{dataset}/tables/classification.csv",
            caption="../report/table_of_classification.rst",
            category="{dataset}",
            labels={"result": "Accuracy of the classifiers", "kind": "table"},
        ),
        classification_markdown="<results>/{dataset}/tables/classification.md",
        lineage="<results>/{dataset}/tables/training.lineage",
    log:
        "<logs>/tabulate_training/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        models=given(DISPLAY.trained_models),
        variants=given(DISPLAY.trained_variants),
        resampling=SETTINGS.resampling,
        expected=expected_behind,
        code=code("tabulate_training"),
    script:
        "../scripts/tabulate_training.py"
