"""Which jobs a study has: the steps, and the names in the paths of each."""

from collections.abc import Iterator

from ventral.study.entries import HEAD
from ventral.study.study import Study

Names = dict[str, str]
"""The names in the paths of a job: of ``dataset``, ``model``, ``taps`` and ``readout``."""


def jobs_of(study: Study) -> Iterator[tuple[str, Names]]:
    """Give every job that makes a result of a study.

    Parameters
    ----------
    study : Study

    Yields
    ------
    tuple
        Name of the step, and the names in its paths.

    """
    for dataset in study.datasets_with_dissimilarities:
        yield from _of_dissimilarities(study, dataset)
    for dataset in study.datasets_with_responses:
        yield from _of_dataset(study, dataset)
        yield from _of_training(study, dataset)
        yield from _of_fits(study, dataset)
        yield from _of_similarity(study, dataset)
        yield from _of_tap_sets(study, dataset)
    for pool in study.pools:
        yield from _of_pool(study, pool)
    if study.datasets_with_responses:
        yield "summarise_regions", {}
        yield "draw_score_by_region", {}
    yield "make_results_page", {}


def _of_tap_sets(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    steps = ["extract_activations", "compute_gram", "fit_pca"]
    if dataset in study.datasets_with_spectra:
        steps.append("compute_spectra")
    if dataset in study.datasets_with_generalisation:
        steps.append("measure_distances")
    for taps in study.tap_sets_of(dataset):
        for step in steps:
            yield step, taps._asdict()


def _of_dissimilarities(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    for step in (
        "prepare_stimuli",
        "prepare_dissimilarities",
        "tabulate_dissimilarities",
        "draw_dissimilarities",
        "draw_given_dissimilarities",
    ):
        yield step, {"dataset": dataset}
    for taps in study.tap_sets_of(dataset):
        for step in ("extract_activations", "compute_dissimilarities", "compare_dissimilarities"):
            yield step, taps._asdict()


def _of_dataset(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    for step in ("prepare_stimuli", "assign_split", "prepare_responses", "estimate_ceilings"):
        yield step, {"dataset": dataset}
    if dataset in study.datasets_between_animals:
        yield "predict_between_animals", {"dataset": dataset}
    yield from _of_tables(study, dataset)


def _of_pool(study: Study, pool: str) -> Iterator[tuple[str, Names]]:
    for fit in study.fits_of(pool):
        yield "score_pool", {"dataset": pool, **fit._asdict()}
    yield from _of_tables(study, pool)


def _of_tables(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    for step in (
        "collect_scores",
        "summarise_scores",
        "make_tables",
        "draw_explained_variance_by_layer",
        "draw_score_along_layers",
        "draw_heat_map_of_layers",
        "draw_sites",
        "draw_predicted_against_recorded",
    ):
        yield step, {"dataset": dataset}
    for datasets, steps in (
        (study.datasets_with_pairs, ["compare_models", "draw_comparisons"]),
        (study.datasets_with_chosen_alphas, ["draw_alpha_by_layer"]),
        (study.datasets_with_sweeps, ["tabulate_sweeps"]),
        (study.datasets_with_references, ["check_references"]),
        (study.datasets_with_brain_scores, ["tabulate_brain_scores"]),
        (study.datasets_with_chance, ["tabulate_chance"]),
        (study.datasets_with_spectra, ["tabulate_spectra", "draw_score_by_components"]),
        (study.datasets_with_generalisation, ["tabulate_generalisation", "draw_generalisation"]),
        (study.datasets_with_training, ["tabulate_training", "draw_score_against_parameters"]),
    ):
        if dataset in datasets:
            for step in steps:
                yield step, {"dataset": dataset}


def _of_training(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    """Give the trainings; without a table of them only what a recorded model starts from."""
    has_table = dataset in study.datasets_with_training
    for model in study.trained_models(dataset):
        yield "train_model", {"dataset": dataset, "model": model.name}
        if has_table:
            yield "apply_head", {"dataset": dataset, "model": model.name}


def _of_similarity(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    if dataset not in study.datasets_with_similarity:
        return
    for model in study.compared_models(dataset):
        yield "compute_similarity", {"dataset": dataset, "model": model}
    for step in (
        "tabulate_similarity",
        "draw_similarity_along_layers",
        "draw_dissimilarity_matrices",
    ):
        yield step, {"dataset": dataset}


def _of_fits(study: Study, dataset: str) -> Iterator[tuple[str, Names]]:
    steps = ["score_readout"]
    if dataset in study.datasets_with_chance:
        steps.append("compare_with_chance")
    for fit in study.fits_of(dataset):
        names = {"dataset": dataset, **fit._asdict()}
        if fit.taps == HEAD:
            yield "read_head", {name: names[name] for name in ("dataset", "model", "readout")}
        else:
            yield "fit_readout", names
        for step in steps:
            yield step, names
