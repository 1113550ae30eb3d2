"""The figure of generalisation shows the numbers of its table."""

import numpy as np
import pandas as pd
import pytest

from synthetic_scores import PIXELS, network
from ventral.figures import generalisation, style
from ventral.scores.generalisation import COLUMNS

READOUTS = {
    "cv": {"label": "Ridge CV", "method": "ridge_cv", "features": "raw"},
    "linear": {"label": "Linear", "method": "linear", "features": "raw"},
}
MODELS = {
    "pixels": PIXELS,
    "net": network("Net", "pretrained weights", layers=["a", "b"]),
    "random": network("Net", "random weights", weights=None, layers=["a"]),
}


def table_of(models, regions=("V4",), readouts=("cv",), seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for region in regions:
        for readout in readouts:
            for model in models:
                inside, outside = rng.uniform(0.1, 0.5), rng.uniform(-0.1, 0.4)
                row = dict.fromkeys(COLUMNS, np.nan)
                row |= {"region": region, "readout": readout, "model": model, "layer": "a"}
                row |= {"layer_committed": True, "n_sites": 33}
                scores = {"in_distribution": inside, "out_of_distribution": outside}
                for name, value in {**scores, "difference": inside - outside}.items():
                    row |= {name: value, f"{name}_low": value - 0.05, f"{name}_high": value + 0.06}
                row |= {"in_distribution_stimuli": 120, "out_of_distribution_stimuli": 600}
                rows.append(row)
    return pd.DataFrame(rows)


def marks(figure, start):
    found = figure.findobj(lambda artist: (artist.get_gid() or "").startswith(start))
    return {artist.get_gid().removeprefix(start): artist for artist in found}


def test_every_model_has_both_scores_and_what_it_loses():
    table = table_of(MODELS, ("V4", "IT"))
    figure = generalisation.draw(table, MODELS, READOUTS, None)
    for kind, column in {
        "in_distribution:": "in_distribution",
        "out_of_distribution:": "out_of_distribution",
        "lost:": "difference",
    }.items():
        found = marks(figure, kind)
        assert len(found) == 6
        for row in table.to_dict("records"):
            mark = found[f"{row['region']}:{row['model']}"]
            assert mark.get_xdata()[0] == pytest.approx(row[column])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["V4", "", "IT", ""]
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["Pixels", "Net, pretrained weights", "Net, random weights"]
    remark = " ".join(figure.texts[-1].get_text().split())
    assert "120 stimuli in distribution, 600 stimuli out of distribution" in remark
    assert "33 sites of V4, 33 sites of IT" in remark


def test_the_two_scores_are_told_apart_without_colour():
    figure = generalisation.draw(table_of(MODELS), MODELS, READOUTS, "cv")
    inside = marks(figure, "in_distribution:")["V4:net"]
    outside = marks(figure, "out_of_distribution:")["V4:net"]
    assert inside.get_marker() != outside.get_marker()
    assert outside.get_markerfacecolor() == "white" != inside.get_markerfacecolor()
    handles = figure.legends[0].legend_handles
    assert [handle.get_label() for handle in handles] == ["in distribution", "out of distribution"]


def test_a_score_far_below_zero_is_named_at_the_end_of_the_axis():
    table = table_of(MODELS)
    table.loc[1, ["out_of_distribution", "out_of_distribution_low"]] = -4.2, -5
    figure = generalisation.draw(table, MODELS, READOUTS, "cv")
    assert list(marks(figure, "lower:")) == ["out_of_distribution:V4:net"]
    assert any(text.get_text() == "−4.2" for text in figure.axes[0].texts)
    assert figure.axes[0].get_xlim()[0] == pytest.approx(generalisation.LOWEST - 0.03)


def test_layers_that_are_not_committed_and_models_without_a_score_are_left_out():
    table = table_of(MODELS)
    table.loc[0, "layer_committed"] = False
    table.loc[1, "in_distribution"] = np.nan
    figure = generalisation.draw(table, MODELS, READOUTS, "cv")
    assert list(marks(figure, "lost:")) == ["V4:random"]
    nothing = generalisation.draw(table.iloc[:2], MODELS, READOUTS, "cv")
    assert "No model has a score" in nothing.texts[-1].get_text()


def test_a_readout_that_the_table_lacks_gives_way_to_one_that_it_has():
    figure = generalisation.draw(table_of(MODELS, readouts=("linear",)), MODELS, READOUTS, None)
    assert "Linear" in figure.texts[-1].get_text()


def test_thirty_models_fit_and_equal_tables_give_equal_files(tmp_path):
    models = {"pixels": PIXELS} | {
        f"m{i}": network(f"Network {i} of a family", "pretrained", layers=["a"]) for i in range(29)
    }
    table = table_of(models)
    figure = generalisation.draw(table, models, READOUTS, None)
    assert figure.get_figheight() < 10 and len(marks(figure, "lost:")) == 30
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        style.save(generalisation.draw(table, models, READOUTS, None), file, tmp_path / "x.png")
    assert files[0].read_bytes() == files[1].read_bytes()
