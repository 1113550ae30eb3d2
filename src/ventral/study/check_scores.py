"""What is wrong with Brain-Score's protocol and with comparisons with chance in a config."""

from collections.abc import Iterator

from ventral.scores import BRAIN_SCORES
from ventral.study.study import Study

FEWEST_PERMUTATIONS = 99
"""With fewer no p is under .01."""


def check_scores(study: Study) -> Iterator[str]:
    """Give every complaint about what is asked for beside the scores.

    Parameters
    ----------
    study : Study
        Of a config that the schema allows.

    Yields
    ------
    str
        With the path of the key, and what would be right.
    """
    yield from _check_permutations(study)
    yield from _check_brain_scores(study)


def _check_brain_scores(study: Study) -> Iterator[str]:
    """Refuse Brain-Score's protocol where there are no folds, and its numbers where it is off."""
    for name, dataset in study.datasets.items():
        here = f"datasets: {name}"
        if dataset.has_brain_scores and not dataset.has_responses:
            yield f"{here}: brain_score: there are no responses to predict; remove the key"
        elif dataset.has_brain_scores and not dataset.has_folds:
            yield (
                f"{here}: brain_score: its protocol is a mean over several splits; give"
                " split: {method: repeated, repeats: 10, test_fraction: 0.1, seed: 1}"
            )
        measures = [reference["measure"] for reference in dataset.references]
        asked = [measure for measure in measures if measure in BRAIN_SCORES]
        if asked and not dataset.has_brain_scores:
            yield (
                f"{here}: reference: measure {asked[0]!r} is of Brain-Score's protocol; give"
                " brain_score: true"
            )


def _check_permutations(study: Study) -> Iterator[str]:
    count = study.config["scores"]["n_permutations"]
    if 0 < count < FEWEST_PERMUTATIONS:
        yield (
            f"scores: n_permutations: with {count} no p is under {1 / (count + 1):.2g}; give 0 for"
            f" no comparison with chance, or at least {FEWEST_PERMUTATIONS}"
        )
