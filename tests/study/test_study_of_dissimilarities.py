"""A data set of dissimilarities alone: which jobs it has, and what its config may not ask."""

import copy

import pytest

from helpers import ROOT
from ventral.errors import VentralError
from ventral.study.check_config import check_config
from ventral.study.steps import jobs_of

SUM = "0" * 64
CONFIG = {
    "datasets": {
        "matrices": {
            "source": "rdm",
            "models": ["pixels"],
            "stimuli": {"image_size": 8, "files": {"images": {"name": "i.mat", "sha256": SUM}}},
            "responses": {
                "targets": {"it": {"file": "it"}},
                "files": {"it": {"name": "it.npz", "sha256": SUM}},
            },
        }
    },
    "models": {
        "pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}},
        "trained": {
            "architecture": "alexnet",
            "training": {"task": "classification"},
            "taps": {"main": ["features.2"]},
        },
    },
}
READOUTS = {"raw": {"method": "linear", "features": "raw"}}


def study(**changes):
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *steps, last = path.split("__")
        target = config
        for step in steps:
            target = target[step]
        target[last] = value
    return check_config(config, ROOT / "workflow" / "schemas")


def test_nothing_is_fitted_and_no_readout_is_needed():
    found = study()
    assert found.datasets_with_dissimilarities == ["matrices"]
    assert found.fits_of("matrices") == [] and not found.reads_components("matrices", "pixels")
    jobs = [step for step, _ in jobs_of(found)]
    assert sorted(jobs) == sorted(
        [
            *("prepare_stimuli", "prepare_dissimilarities", "extract_activations"),
            *("compute_dissimilarities", "compare_dissimilarities"),
            *("tabulate_dissimilarities", "draw_dissimilarities", "make_results_page"),
        ]
    )


def test_beside_responses_each_data_set_has_its_own_jobs():
    both = {**CONFIG["datasets"], "simulated": {"source": "simulated", "models": ["pixels"]}}
    found = study(datasets=both, readouts=READOUTS, spectra=True)
    jobs = list(jobs_of(found))
    of_matrices = {step for step, names in jobs if names.get("dataset") == "matrices"}
    of_simulated = {step for step, names in jobs if names.get("dataset") == "simulated"}
    assert of_matrices & of_simulated == {"prepare_stimuli", "extract_activations"}
    assert {"compute_spectra", "score_readout"} <= of_simulated
    assert len(jobs) == len({(step, *names.values()) for step, names in jobs})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets__matrices__models": ["trained"]}, "'trained' is trained, and source 'rdm' has"),
        (
            {"datasets__matrices__responses__sites": {"min_reliability": 0.1}},
            "responses: sites: dissimilarities have no sites; remove the key",
        ),
        ({"datasets__matrices__responses__targets": {}}, "targets"),
        ({"datasets": {"one": {"source": "simulated"}}}, "readouts: 'readouts' is missing"),
        (
            {
                "readouts": READOUTS,
                "datasets__matrices__reference": [
                    {
                        **{"model": "pixels", "readout": "raw", "split": "test"},
                        **{"measure": "r2_mean", "value": 1, "source": "a paper"},
                    }
                ],
            },
            "reference: there are no scores to compare; remove the key",
        ),
    ],
)
def test_what_needs_responses_is_refused(changes, message):
    with pytest.raises(VentralError, match=message):
        study(**changes)
