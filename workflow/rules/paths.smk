"""Where files lie: what the rules read, by the names of the study.

A step reads a store by its path, which `ancient` keeps out of the decision, and is made again when
the store's manifest, a small file compared by content, has changed.
"""


def file_path(specification):
    """Return where a file of the config lies once it is there: in place, or under its sum."""
    if "path" in specification:
        return own_file(specification["path"])
    return f"<resources>/downloads/{download_name(specification)}"


def paths_of(*sections):
    """Return an input function: where the files of some sections of a data set lie."""
    return given(
        lambda dataset: list(map(file_path, files_of(STUDY.datasets[dataset], *sections).values()))
    )


def start_of(dataset, model):
    """Return the file of the weights that a model has before its training, if it has one."""
    model = STUDY.models[model]
    if model.start:
        return f"<results>/{dataset}/checkpoints/{model.start}.pt"
    if model.weights is None or model.weights == PRETRAINED:
        return []
    if isinstance(model.weights, str):
        return f"<resources>/weights/{model.architecture}-{model.weights}.pth"
    return file_path(model.weights)


def fetched_files_of(model):
    """Return the manifest of what is fetched for a named model, if anything is."""
    name = files_name(STUDY.models[model].config)
    return f"<resources>/models/{name}.json" if name else []


def untrained_weights_of(model):
    """Return the file of the weights that a model has before any training, if there is one."""
    return [] if STUDY.models[model].start else start_of("", model)


def weights_of(dataset, model):
    """Return the file of a model's final weights, if it has one: trained, fetched or given."""
    if STUDY.models[model].task:
        return f"<results>/{dataset}/checkpoints/{model}.pt"
    return start_of(dataset, model)


def trained_responses(ending):
    """Return an input function: the responses, where a model is trained on them."""

    def path(dataset, model):
        learns = STUDY.models[model].task == "responses"
        return f"<results>/{dataset}/responses{ending}" if learns else []

    return given(path)


def responses_that_train(ending):
    """Return an input function: the responses, where a model of the data set is trained on them."""

    def path(dataset):
        learns = any(model.task == "responses" for model in STUDY.trained_models(dataset))
        return f"<results>/{dataset}/responses{ending}" if learns else []

    return given(path)


def of_trained(models_of, path):
    """Return an input function: a file of each trained model of a data set."""
    return given(
        lambda dataset: [
            path.format(dataset=dataset, model=model.name) for model in models_of(dataset)
        ]
    )


def of_tap_sets(path):
    """Return an input function: a file of each tap set of a model."""
    return given(
        lambda dataset, model: [
            path.format(dataset=dataset, model=model, taps=taps)
            for taps in STUDY.models[model].taps
        ]
    )


def of_compared_models(path):
    """Return an input function: a file of each model of a data set whose layers are compared."""
    return given(
        lambda dataset: [
            path.format(dataset=dataset, model=model) for model in STUDY.compared_models(dataset)
        ]
    )


def training_table(dataset):
    """Return the table of trained models of a data set, where there are any."""
    has_training = dataset in STUDY.datasets_with_training
    return f"<results>/{dataset}/tables/training.csv" if has_training else []


def table_of_brain_scores(dataset):
    """Return the table of a data set's scores as Brain-Score publishes them, where it is asked."""
    asked = dataset in STUDY.datasets_with_brain_scores
    return f"<results>/{dataset}/tables/brain_score.csv" if asked else []


def table_between_animals(dataset):
    """Return what the animals of a data set predict of one another, where that is computed."""
    is_computed = dataset in STUDY.datasets_between_animals
    return f"<results>/{dataset}/tables/between_animals.csv" if is_computed else []


def tables_of_fits(kind):
    """Return an input function: one table of every fit of a data set, `scores` or `population`."""
    return given(
        lambda dataset: [
            f"<results>/{dataset}/{kind}/{model}/{taps}/{readout}.csv"
            for model, taps, readout in STUDY.fits_of(dataset)
        ]
    )


def of_members(path):
    """Return an input function: a file of each data set of a pool; a data set is its own pool."""

    def asked(wildcards):
        check_settings_of_run()
        filled = path.format(**wildcards)
        return [f"<results>/{name}/{filled}" for name in SETTINGS.members(wildcards["dataset"])]

    return asked


def fits(ending):
    """Return an input function: every fit of a data set, or of the data sets of a pool."""
    return given(
        lambda dataset: [
            f"<results>/{member}/fits/{model}/{taps}/{readout}{ending}"
            for member in SETTINGS.members(dataset)
            for model, taps, readout in STUDY.fits_of(dataset)
        ]
    )


def of_fits_that_choose_alpha(path):
    """Return an input function: a file of each fit whose alpha is chosen, as of `fits`."""
    return given(
        lambda dataset: [
            path.format(member=member, **fit._asdict())
            for member in SETTINGS.members(dataset)
            for fit in STUDY.fits_that_choose_alpha(dataset)
        ]
    )


def of_all_tap_sets(path):
    """Return an input function: a file of every tap set of a data set."""
    return given(
        lambda dataset: [path.format(**taps._asdict()) for taps in STUDY.tap_sets_of(dataset)]
    )


def what_rests_on_activations(dataset, model, taps):
    """Return the file of a tap set after which its activations are not needed."""
    if STUDY.datasets[dataset].has_responses:
        return f"<results>/{dataset}/gram/{model}/{taps}.json"
    return f"<results>/{dataset}/dissimilarities/{model}/{taps}.npz"


def pruned_stores():
    """Return a receipt for each activation store, where they are not to be kept."""
    if config["keep_activations"]:
        return []
    return [
        f"<results>/{dataset}/pruned/{model}/{taps}.json"
        for dataset, model, taps in STUDY.tap_sets()
    ]


def files_to_fetch():
    """Return every file and every weight of the config that a download or a mirror gives."""
    weights = [
        start_of("", name)
        for name, model in STUDY.models.items()
        if isinstance(model.weights, str) and model.weights != PRETRAINED
    ]
    return [
        *(f"<resources>/downloads/{download}" for download in DOWNLOADS),
        *(f"<resources>/models/{name}.json" for name in NAMED_MODELS),
        *dict.fromkeys(weights),
    ]
