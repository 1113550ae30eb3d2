"""The figure of similarity shows the numbers of its table."""

import numpy as np
import pandas as pd
import pytest

from synthetic_scores import PIXELS, READOUTS, many_models, network, synthetic
from ventral.figures import similarity_along_layers, style

MEASURES = tuple(similarity_along_layers.MEASURES)


def similarity_of(models, regions, *, ceilings=True, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for region in regions:
        for model, description in models.items():
            for layer in description["layers"]:
                for place, measure in enumerate(MEASURES):
                    value = rng.uniform(0.1, 0.6)
                    rows.append(
                        {
                            **{"dataset": "synthetic", "region": region, "model": model},
                            **{"layer": layer, "split": "test", "measure": measure},
                            **{"value": value, "low": value - 0.1, "high": value + 0.1},
                            "noise_ceiling_lower": 0.7 + place / 100 if ceilings else np.nan,
                            "noise_ceiling_upper": 0.9 if ceilings else np.nan,
                            **{"n_stimuli": 70, "n_sites": 60},
                        }
                    )
    return pd.DataFrame(rows)


def tables_of(models, regions=("IT",), **options):
    _, summary = synthetic(models, regions, n_sites=5)
    entries = {"model_entry": summary["model"], "readout_entry": summary["readout"]}
    summary = summary.assign(**entries, setting_committed=True)
    return similarity_of(models, regions, **options), summary


def found(figure, gid):
    return figure.findobj(lambda artist: artist.get_gid() == gid)


@pytest.mark.parametrize("regions", [("IT",), ("IT", "V4", "PIT")])
def test_every_value_is_drawn_at_its_place(regions, tmp_path):
    models = {"pixels": PIXELS, "net": network("Net", "", layers=["late", "early", "mid"])}
    table, summary = tables_of(models, regions)
    figure = similarity_along_layers.draw(
        table.sample(frac=1, random_state=0), summary, models, READOUTS
    )
    lines = found(figure, "similarity:net")
    assert len(lines) == len(MEASURES) * len(regions)
    for line in lines:
        column = line.axes.get_subplotspec().colspan.start
        row = line.axes.get_subplotspec().rowspan.start
        region = [name for name in ("V4", "IT", "PIT") if name in regions][column]
        here = table[
            (table["region"] == region)
            & (table["model"] == "net")
            & (table["measure"] == MEASURES[row])
        ]
        np.testing.assert_allclose(line.get_xdata(), [0, 0.5, 1])
        np.testing.assert_allclose(line.get_ydata(), here["value"])
        low, high = line.axes.get_ylim()
        assert low < here["value"].min() and high > 0.9
    assert len(found(figure, "ceiling")) == 2 * len(MEASURES) * len(regions)
    assert len(found(figure, "pixels")) == len(MEASURES) * len(regions)
    style.save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_the_similarity_of_other_animals_is_a_line():
    models = {"pixels": PIXELS, "net": network("Net", "", layers=["early", "late"])}
    table, summary = tables_of(models, ("IT", "V4"))
    of_it = table["region"] == "IT"
    table["animal_ceiling_lower"] = np.where(of_it, 0.55, np.nan)
    figure = similarity_along_layers.draw(table, summary, models, READOUTS)
    lines = found(figure, "animals")
    assert [line.get_ydata()[0] for line in lines] == [0.55] * len(MEASURES)
    assert "other animals" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_without_trials_there_are_no_ceilings_and_the_figure_says_so():
    models = {"net": network("Net", "", layers=["a", "b"])}
    figure = similarity_along_layers.draw(*tables_of(models, ceilings=False), models, READOUTS)
    assert not found(figure, "ceiling")
    assert any("No noise ceilings" in text.get_text() for text in figure.texts)


def test_of_a_sweep_the_committed_variant_is_shown_under_its_entry():
    models = {"net": network("Net", "", layers=["a", "b"])}
    variants = {f"net.rate-{rate}": models["net"] for rate in (1, 2)}
    table, summary = tables_of(variants)
    summary = summary.assign(model_entry="net", setting_committed=summary["model"] == "net.rate-2")
    figure = similarity_along_layers.draw(table, summary, models, READOUTS)
    shown = table[(table["model"] == "net.rate-2") & (table["measure"] == MEASURES[0])]
    np.testing.assert_allclose(found(figure, "similarity:net")[0].get_ydata(), shown["value"])


def test_undefined_layers_and_many_models(tmp_path):
    models = many_models() | {
        f"more_{i}": network(f"More {i}", "a variant", layers=["one", "two"]) for i in range(23)
    }
    table, summary = tables_of(models, ("V4", "IT"))
    table.loc[table["layer"] == "two", ["value", "low", "high"]] = np.nan
    figure = similarity_along_layers.draw(table, summary, models, READOUTS)
    assert len(models) == 31 and figure.get_figheight() < 14
    style.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


def test_nothing_to_compare_gives_a_message():
    models = {"net": network("Net", "", layers=["a"])}
    table, summary = tables_of(models)
    empty = table.assign(value=np.nan, low=np.nan, high=np.nan)
    figure = similarity_along_layers.draw(empty, summary, models, READOUTS)
    assert not figure.axes
