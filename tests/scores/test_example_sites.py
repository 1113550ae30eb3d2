"""The sites and points that stand for good and poor predictions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import explained_variance_score

from synthetic_scores import PIXELS, network
from ventral.data.responses import Responses
from ventral.figures import predicted_against_recorded
from ventral.readouts.fit_store import StoredFit
from ventral.scores.example_sites import MOST_MODELS, example_sites, sites_at_centiles
from ventral.scores.measures import explained_variance

N, SITES = 40, 21
READOUT = {"label": "Ridge CV", "method": "ridge_cv", "features": "raw"}
MODELS = {"pixels": PIXELS} | {
    f"net{i}": network(f"Net {i}", "pretrained", layers=["a", "b"]) for i in range(5)
}


def test_the_sites_are_those_of_the_centiles():
    scores = pd.Series(np.random.default_rng(0).normal(size=201))
    scores.index = [f"s{i}" for i in range(201)]
    found = sites_at_centiles(scores)
    nearest = np.percentile(scores, [10, 50, 90], method="nearest")
    assert list(found) == [10, 50, 90]
    np.testing.assert_array_equal(scores[list(found.values())], nearest)


@pytest.mark.parametrize(("values", "expected"), [([np.nan, 0.3], 1), ([], 0), ([0.1, 0.2], 2)])
def test_of_few_sites_each_is_shown_once(values, expected):
    scores = pd.Series(values, index=[f"s{i}" for i in range(len(values))], dtype=float)
    found = sites_at_centiles(scores)
    assert len(found) == len(set(found.values())) == expected


def a_study(datasets=("d",), folds=1, n_models=5):
    """Return responses, a reader of fits, and scores and a summary of their test stimuli."""
    rng = np.random.default_rng(1)
    ids = np.array([f"i{i}" for i in range(N)], object)
    responses, fits, rows = {}, {}, []
    for dataset in datasets:
        sites = pd.DataFrame(
            {"site_id": [f"s{i:02}" for i in range(SITES)], "region": "IT", "animal": ""}
        )
        average = rng.normal(size=(N, SITES)) * 3 + 10
        average[30:35, 4] = np.nan
        responses[dataset] = Responses(ids, sites, average)
        for model in list(MODELS)[:n_models]:
            noise = 1 + list(MODELS).index(model)
            predictions = average + rng.normal(size=average.shape) * noise
            predictions[np.isnan(predictions)] = 0.0
            for fold in range(folds):
                test = (np.arange(N) % folds == fold) if folds > 1 else np.arange(N) >= 20
                name = f"fold_{fold}" if folds > 1 else ""
                fits.setdefault((dataset, model, "ridge", "b"), {})[name] = StoredFit(
                    predictions=np.where(test[:, None], predictions, np.nan),
                    split=np.where(test, "test", "train").astype(object),
                    alpha=np.ones(SITES),
                    alpha_on_edge=np.zeros(SITES, bool),
                    n_components=3,
                )
            shown = np.arange(N) >= (0 if folds > 1 else 20)
            for site in range(SITES):
                known = shown & ~np.isnan(average[:, site])
                score = explained_variance(
                    average[known][:, [site]], predictions[known][:, [site]]
                )[0]
                prefix = f"{dataset}/" if len(datasets) > 1 else ""
                rows.append(
                    {
                        **{"region": "IT", "model": model, "layer": "b", "readout": "ridge"},
                        **{"split": "folds" if folds > 1 else "test"},
                        **{"site_id": f"{prefix}s{site:02}", "explained_variance": score},
                    }
                )
    scores = pd.DataFrame(rows)
    keys = ["region", "model", "layer", "readout", "split"]
    summary = scores.groupby(keys, sort=False)["explained_variance"].mean().reset_index()
    summary = summary.rename(columns={"explained_variance": "explained_variance_mean"})
    summary = summary.assign(
        layer_committed=True,
        variant=summary["model"],
        readout_variant=summary["readout"],
        n_components=np.nan,
    )
    return scores, summary, responses, lambda *names: fits[names]


@pytest.mark.parametrize(
    ("datasets", "folds"), [(("d",), 1), (("d",), 4), (("first", "second"), 1)]
)
def test_the_points_give_the_score_that_is_written_beside_them(datasets, folds):
    scores, summary, responses, read = a_study(datasets, folds)
    split = "folds" if folds > 1 else "test"
    found = example_sites(scores, summary, responses, read, split, "ridge")
    assert list(found["model"].unique()) == ["pixels", "net0", "net1"][:MOST_MODELS]  # the best
    for _, points in found.groupby(["model", "site_id"]):
        score = explained_variance_score(points["recorded"], points["predicted"])
        assert points["explained_variance"].iloc[0] == pytest.approx(score, abs=1e-12)
        assert points["n_stimuli"].iloc[0] == len(points)
    best = scores[scores["model"] == "pixels"].set_index("site_id")["explained_variance"]
    assert set(found["site_id"]) == set(sites_at_centiles(best).values())
    assert set(found["n_sites"]) == {SITES * len(datasets)}


@pytest.mark.parametrize("datasets", [("d",), ("first", "second")])
def test_every_stimulus_is_a_point_of_its_panel(datasets):
    scores, summary, responses, read = a_study(datasets)
    found = example_sites(scores, summary, responses, read, "test", "ridge")
    figure = predicted_against_recorded.draw(
        found, summary, MODELS, {"ridge": READOUT}, "test", "ridge"
    )
    figure.draw_without_rendering()
    axes = figure.findobj(lambda artist: hasattr(artist, "get_xlim"))
    lines = {line.get_gid(): (one, line) for one in axes for line in one.lines if line.get_gid()}
    assert len(lines) == 3 * MOST_MODELS
    for (model, site), points in found.groupby(["model", "site_id"]):
        one, line = lines[f"responses:IT:{model}:{site}"]
        np.testing.assert_array_equal(line.get_xdata(), points["predicted"])
        np.testing.assert_array_equal(line.get_ydata(), points["recorded"])
        assert one.get_xlim() == one.get_ylim()  # so that the diagonal is that of equal values
        assert f"{len(points)} stimuli" in one.get_title(loc="left")


def test_without_a_score_the_figure_says_so():
    scores, summary, responses, read = a_study()
    none = summary.assign(explained_variance_mean=np.nan)
    found = example_sites(scores, none, responses, read, "test", "ridge")
    figure = predicted_against_recorded.draw(
        found, none, MODELS, {"ridge": READOUT}, "test", "ridge"
    )
    assert "No model has a defined score" in figure.texts[0].get_text()
