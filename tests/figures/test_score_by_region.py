import numpy as np
import pandas as pd
import pytest

from synthetic_scores import PIXELS, network, synthetic
from ventral.figures import score_by_region
from ventral.scores.regions import COLUMNS, table_of_regions

READOUTS = {
    name: {"label": name.upper(), "method": method, "features": "pcs", "used": 9}
    for name, method in (("pls", "pls"), ("cv", "ridge_cv"), ("ridge", "ridge"))
}
MODELS = {
    "pixels": PIXELS,
    "net": network("Net", "pretrained weights", layers=["a", "b"]),
    "far": network("Far", "", layers=["a"]),
}
MORE = tuple(f"explained_variance_corrected_{name}" for name in ("mean", "median", "ratio"))


def tables_of(regions, readouts, *, ceiling=True, seed=0):
    scores, summary = synthetic(
        MODELS,
        regions,
        n_sites=7,
        readouts={name: READOUTS[name] for name in readouts},
        ceiling=ceiling,
        seed=seed,
    )
    summary["explained_variance_mean"] = summary["explained_variance_mean"].clip(-0.2)
    summary = summary.assign(committed_on="validation", n_under_ceiling_floor=0, n_uncorrected=0)
    for name in MORE:
        summary[name] = summary["explained_variance_mean"] + (0.1 if ceiling else np.nan)
    sites = scores.drop_duplicates(["region", "site_id"])[["site_id", "region", "ceiling"]]
    return summary, sites.assign(
        ceiling=sites["ceiling"] - 0.1,
        ceiling_p=np.where(np.arange(len(sites)) == 0, 0.3, 0.001) if ceiling else np.nan,
        n_repetitions=5.0,
        ceiling_test=sites["ceiling"],
    )


@pytest.fixture
def tables():
    return {
        "one": tables_of(("IT", "V4"), ("pls", "cv")),
        "two": tables_of(("V4",), ("pls",), ceiling=False, seed=1),
    }


def artists(figure, start):
    found = figure.findobj(lambda artist: (artist.get_gid() or "").startswith(start))
    return {artist.get_gid().removeprefix(start): artist for artist in found}


def test_the_table_has_the_committed_layer_of_everything(tables):
    table = table_of_regions(tables, MODELS, READOUTS)
    assert list(table.columns) == COLUMNS
    keys = table[["dataset", "region", "model", "readout"]].drop_duplicates()
    assert len(table) == len(keys) == 2 * 3 * 2 + 3
    assert list(dict.fromkeys(table["region"])) == ["V4", "IT"]
    row = table.query("dataset == 'one' and region == 'IT' and model == 'net' and readout == 'cv'")
    summary, ceilings = tables["one"]
    expected = summary.query(
        "region == 'IT' and model == 'net' and readout == 'cv' and split == 'test'"
        " and layer_committed"
    ).iloc[0]
    assert row["layer"].item() == expected["layer"]
    for name in ("explained_variance_mean", "pearson_r_median", "r2_ceiled_median"):
        assert row[name].item() == expected[name]
    of_it = ceilings.loc[ceilings["region"] == "IT", "ceiling_test"]
    assert row["ceiling_median"].item() == of_it.median()
    assert row["n_reliable"].item() == row["n_sites"].item() - (ceilings["region"].iloc[0] == "IT")
    assert row["ceiling_first_quartile"].item() == np.quantile(of_it, 0.25)
    assert table.loc[table["dataset"] == "two", "ceiling_median"].isna().all()


def test_a_model_without_a_committed_layer_keeps_a_row(tables):
    summary, _ = tables["two"]
    summary.loc[summary["model"] == "net", "layer_committed"] = False
    table = table_of_regions(tables, MODELS, READOUTS).query("dataset == 'two' and model == 'net'")
    assert table["layer"].tolist() == ["none"] and table["r2_mean"].isna().all()


def test_the_figure_shows_every_mean_at_its_height(tables):
    summary, _ = tables["one"]
    summary.loc[summary["model"] == "far", "explained_variance_mean"] = -2.0
    table = table_of_regions(tables, MODELS, READOUTS)
    figure = score_by_region.draw(table, MODELS, READOUTS, None)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["V4", "IT"]
    labels = [[text.get_text() for text in axes.get_xticklabels()] for axes in figure.axes[2:]]
    assert labels == [["one", "two\n(PLS)"], ["one"]]  # the last ridge_cv, else the last there is
    means = artists(figure, "mean:")
    assert set(means) == {"one:pixels", "one:net", "two:pixels", "two:net", "two:far"}
    row = table.query("dataset == 'two' and model == 'net'").iloc[0]
    assert means["two:net"].get_ydata()[0] == row["explained_variance_mean"]
    corrected = artists(figure, "corrected:")
    assert set(corrected) == {"one:pixels", "one:net", "one:far"}  # no ceiling of data set two
    assert not {mark.axes for mark in corrected.values()} & {mark.axes for mark in means.values()}
    assert set(artists(figure, "ceiling:")) == {"one"}  # data set two has no single trials
    assert set(artists(figure, "lower:mean:")) == {"one:far"}
    words = [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]
    assert words.count("−2.0") == 2  # in both regions, where it lies under the axis


def test_nothing_to_draw_says_so():
    empty = pd.DataFrame(columns=COLUMNS)
    figure = score_by_region.draw(empty, MODELS, READOUTS, None)
    assert "No model has a defined score" in figure.texts[0].get_text()


def test_of_many_models_each_has_a_row_with_its_name(tables):
    table = table_of_regions(tables, MODELS, READOUTS)
    more = {f"net{i}": network(f"Net {i}", "a variant", layers=["a"]) for i in range(30)}
    rows = table[table["model"] == "net"]
    table = pd.concat(
        [
            table,
            *(
                rows.assign(
                    model=name,
                    explained_variance_mean=rows["explained_variance_mean"] - 0.05 * place,
                )
                for place, name in enumerate(more)
            ),
        ]
    )
    models = MODELS | more
    figure = score_by_region.draw(table, models, READOUTS, "pls")
    figure.draw_without_rendering()
    assert len(figure.axes) == 3 and max(figure.get_size_inches()) < 12
    shown = table[table["readout"] == "pls"]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(names) == len(models)
    for axes in figure.axes:
        region = axes.get_title(loc="left").partition(",")[0]
        dataset = axes.get_title(loc="left").partition("\n")[2]
        here = shown[(shown["region"] == region) & (shown["dataset"] == dataset)]
        own = {line.get_gid(): line for line in axes.lines if line.get_gid()}
        for place, name in enumerate(models):
            value = here.loc[here["model"] == name, "explained_variance_mean"].item()
            if value >= score_by_region.LOWEST:
                line = own[f"mean:{dataset}:{name}"]
                assert (line.get_xdata()[0], line.get_ydata()[0]) == (value, place)
            else:
                assert f"lower:mean:{dataset}:{name}" in own
    assert (shown["explained_variance_mean"] < score_by_region.LOWEST).any()
