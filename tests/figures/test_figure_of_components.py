"""The figure of scores by number of components."""

import numpy as np
import pandas as pd
import pytest

from synthetic_scores import PIXELS, READOUTS, network
from ventral.figures import score_by_components

K = [1, 2, 5, 10, 20, 39]


def study(n_models):
    models = {"pixels": PIXELS} | {
        f"net{i}": network(
            f"Network {i}", "pretrained weights", architecture=f"net{i}", layers="ab"
        )
        for i in range(n_models - 1)
    }
    rng, rows, summary = np.random.default_rng(0), [], []
    for region in ("IT", "V4"):
        for model in models:
            layers = models[model]["layers"]
            for layer in layers:
                summary.append(
                    {
                        **{"region": region, "model": model, "variant": model, "layer": layer},
                        **{"readout": "pcs_ridge_cv", "layer_committed": layer == layers[-1]},
                    }
                )
                for readout, split in (("linear", "train"), ("linear", "test"), ("ridge", "test")):
                    scores = rng.uniform(-2, 0.5, len(K)).cumsum() / 4
                    for k, score in zip(K, scores, strict=True):
                        rows.append(
                            {
                                **{"dataset": "d", "model": model, "layer": layer},
                                **{"region": region, "readout": readout, "split": split},
                                **{"n_components": k, "n_sites": 7, "n_stimuli": 40},
                                "explained_variance_mean": score,
                                "explained_variance_low": score - 0.1,
                                "explained_variance_high": score + 0.1,
                            }
                        )
    return pd.DataFrame(rows), pd.DataFrame(summary), models


@pytest.mark.parametrize("n_models", [3, 30])
def test_each_line_is_the_table_at_the_committed_layer(n_models):
    curves, summary, models = study(n_models)
    figure = score_by_components.draw(curves, summary, models, READOUTS)
    assert len(figure.axes) == 2 * 3 and figure.get_figheight() < 12
    chosen = curves[curves["layer"].isin(["b", "pixels"])]
    parts = [("linear", "train"), ("linear", "test"), ("ridge", "test")] * 2
    for axes, region, (readout, split) in zip(
        figure.axes, ["V4"] * 3 + ["IT"] * 3, parts, strict=True
    ):
        for model in models:
            (line,) = [one for one in axes.lines if one.get_gid() == f"mean:{model}"]
            of_model = chosen[(chosen["model"] == model) & (chosen["region"] == region)]
            rows = of_model[(of_model["readout"] == readout) & (of_model["split"] == split)]
            np.testing.assert_array_equal(line.get_xdata(), rows["n_components"])
            np.testing.assert_array_equal(line.get_ydata(), rows["explained_variance_mean"])
        assert "40" in axes.get_title(loc="left")
        assert bool(axes.collections) == (n_models == 3)  # bands of many would hide one another


def test_without_a_committed_layer_it_says_so():
    curves, summary, models = study(2)
    figure = score_by_components.draw(
        curves, summary.assign(layer_committed=False), models, READOUTS
    )
    assert "No layer was committed" in figure.texts[0].get_text()
