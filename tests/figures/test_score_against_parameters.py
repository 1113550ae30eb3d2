"""The figure of score against retrained parameters shows each network where it belongs."""

import pandas as pd

from synthetic_scores import READOUTS, many_models, synthetic
from ventral.figures.score_against_parameters import SPREAD, draw

MODELS = many_models()
TRAINING = pd.DataFrame(
    {
        "model": ["shallow", "resnet_goal"],
        "retrained_parameters": [70_000, 8_000_000],
        "head_parameters": [168, 0],
        "beats_start": ["yes", "no"],
    }
)


def points(axes, kind):
    found = {line.get_gid(): line for line in axes.get_lines() if line.get_gid()}
    return {
        gid.removeprefix(f"{kind}:"): (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for gid, line in found.items()
        if gid.startswith(f"{kind}:")
    }


def test_each_network_is_at_its_count_and_its_committed_score():
    _, summary = synthetic(MODELS, regions=("V4", "IT"))
    figure = draw(summary, TRAINING, MODELS, READOUTS, "test")
    assert [axes.get_title("left") for axes in figure.axes] == ["V4, 60 sites", "IT, 60 sites"]
    shown = points(figure.axes[1], "mean")
    assert set(shown) == set(MODELS) - {"pixels"}
    assert shown["shallow"][0] == 70_168
    untrained = [shown[name][0] for name in shown if name not in set(TRAINING["model"])]
    assert len(set(untrained)) == len(untrained)  # side by side, under the smallest count
    assert max(map(abs, untrained)) <= SPREAD * 10_000
    rows = summary[
        (summary["region"] == "IT")
        & (summary["split"] == "test")
        & (summary["readout"] == "pcs_ridge_cv")
        & summary["layer_committed"]
    ].set_index("model")
    assert shown["shallow"][1] == rows.loc["shallow", "explained_variance_mean"]
    assert set(points(figure.axes[1], "no gain")) == {"resnet_goal"}


def test_without_a_network_it_says_so():
    _, summary = synthetic({"pixels": MODELS["pixels"]})
    figure = draw(summary, TRAINING, {"pixels": MODELS["pixels"]}, READOUTS, "test")
    assert "nothing to compare" in figure.texts[0].get_text()
