import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from synthetic_scores import PIXELS, READOUTS, many_models, network, summarise, synthetic
from ventral.figures import (
    comparisons,
    explained_variance_by_layer,
    heat_map_of_layers,
    score_along_layers,
    sites,
    style,
)
from ventral.figures.looks import assign_looks

ENDS = ("low", "high")
FIGURES = (explained_variance_by_layer, score_along_layers)
LAYERS = ["features.0", "features.7", "blocks.11.mlp.fc2"]
MODELS = {
    "pixels": PIXELS,
    "trained": network("SqueezeNet", "pretrained weights", layers=LAYERS),
    "random": network("SqueezeNet", "random weights", weights=None, layers=LAYERS),
}


def artist(axes, gid):
    (found,) = [child for child in axes.get_children() if child.get_gid() == gid]
    return found


def tick_labels(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_violins_have_a_panel_per_region_and_family_and_name_the_layers():
    models = many_models()
    scores, summary = synthetic(models, ("IT", "V4"), n_sites=6)
    figure = explained_variance_by_layer.draw(scores, summary, models, READOUTS, "test")
    assert len(figure.axes) == 2 * 5  # ResNet-50 is both task-driven and goal-driven
    assert figure.axes[0].get_title(loc="left") == "V4: ResNet-50"
    assert tick_labels(figure.axes[-1]) == models["vit"]["layers"]


@pytest.mark.parametrize("readout", [None, "raw_linear"])
def test_each_site_is_a_point_or_is_counted_below_the_axis(readout):
    scores, summary = synthetic(MODELS, n_sites=50)
    figure = explained_variance_by_layer.draw(scores, summary, MODELS, READOUTS, "test", readout)
    (axes,) = figure.axes
    chosen = scores[
        (scores["split"] == "test") & (scores["readout"] == (readout or "pcs_ridge_cv"))
    ]
    networks = chosen[chosen["model"] != "pixels"]
    low = style.lowest_shown(networks["explained_variance"].to_numpy())
    below = 0
    for (model, layer), part in networks.groupby(["model", "layer"]):
        values = part["explained_variance"].to_numpy()
        points = artist(axes, f"sites:{model}:{layer}").get_offsets()[:, 1]
        np.testing.assert_array_equal(points, np.sort(values[values >= low]))
        if (values < low).any():
            below += int(artist(axes, f"below:{model}:{layer}").get_text())
        assert artist(axes, f"median:{model}:{layer}").get_ydata()[0] == np.median(values)
    assert below == (networks["explained_variance"] < low).sum() > 0


def test_committed_layers_are_marked_in_both_figures():
    scores, summary = synthetic(MODELS)
    summary["layer_committed"] = summary["layer"].isin(["features.7", "pixels"])
    violins = explained_variance_by_layer.draw(scores, summary, MODELS, READOUTS, "test").axes[0]
    stars = [a.get_gid() for a in violins.lines if "committed" in str(a.get_gid())]
    assert stars == ["committed:trained:features.7", "committed:random:features.7"]
    lines = score_along_layers.draw(scores, summary, MODELS, READOUTS, "test").axes[0]
    assert artist(lines, "committed:trained").get_xdata() == [1]


def test_lines_show_the_means_the_baseline_and_the_ceiling():
    scores, summary = synthetic(MODELS, ("V4", "IT"))
    figure = score_along_layers.draw(scores, summary, MODELS, READOUTS, "test")
    assert len(figure.axes) == 2
    for axes, region in zip(figure.axes, ("V4", "IT"), strict=True):
        assert tick_labels(axes) == LAYERS
        rows = summary.query("region == @region and split == 'test' and readout == 'pcs_ridge_cv'")
        mean = rows.set_index(["model", "layer"])["explained_variance_mean"]
        for model in ("trained", "random"):
            np.testing.assert_array_equal(
                artist(axes, f"mean:{model}").get_ydata(), mean[model][LAYERS]
            )
        assert artist(axes, "pixels").get_ydata()[0] == mean["pixels", "pixels"]
        sites = scores[scores["region"] == region].drop_duplicates("site_id")
        assert artist(axes, "ceiling").get_ydata()[0] == sites["ceiling"].median()
    trained, random = (artist(axes, f"mean:{model}") for model in ("trained", "random"))
    assert to_hex(trained.get_color()) == to_hex(random.get_color())
    assert (trained.get_linestyle(), random.get_linestyle()) == ("-", "--")


def test_what_other_animals_predict_is_a_line_where_it_is_known():
    scores, summary = synthetic(MODELS, ("V4", "IT"))
    columns = ["region", "animal", "split", *(f"explained_variance_{k}" for k in ("mean", *ENDS))]
    between = pd.DataFrame(
        [["IT", "all animals", "test", 0.4, 0.3, 0.9], ["IT", "A", "test", 0.5, 0.4, 0.6]],
        columns=columns,
    )
    figure = score_along_layers.draw(scores, summary, MODELS, READOUTS, "test", between=between)
    v4, it = figure.axes
    assert artist(it, "animals").get_ydata()[0] == 0.4 and it.get_ylim()[1] > 0.9
    assert not [child for child in v4.get_children() if child.get_gid() == "animals"]
    assert "sites of other animals" in texts(figure) and "0.40" in texts(figure)
    without = score_along_layers.draw(scores, summary, MODELS, READOUTS, "test")
    assert "other animals" not in texts(without)


def test_architectures_stand_side_by_side():
    models = many_models()
    scores, summary = synthetic(models, n_sites=6, ceiling=False)
    figure = score_along_layers.draw(scores, summary, models, READOUTS, "test")
    expected = [models[name]["layers"] for name in ("resnet", "shallow", "alexnet", "vit")]
    assert tick_labels(figure.axes[0]) == [layer for layers in expected for layer in layers]
    assert "no noise ceiling" in texts(figure)


def test_a_baseline_or_a_mean_below_the_panel_is_told():
    scores, summary = synthetic(MODELS)
    summary.loc[summary["model"] == "pixels", "explained_variance_mean"] = -4.25
    summary.loc[summary["layer"] == "features.7", "explained_variance_mean"] = -3.5
    told = texts(score_along_layers.draw(scores, summary, MODELS, READOUTS, "test"))
    assert "pixel baseline −4.25, below the axis" in told
    assert told.count("▾ −3.50") == 2


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("undefined", ["one layer", "all"])
def test_undefined_scores_are_tolerated(figure, undefined, tmp_path):
    scores, _ = synthetic(MODELS, n_sites=10, splits=("validation",))
    where = (scores["layer"] == "features.7") | (undefined == "all")
    scores.loc[where, ["r2", "explained_variance", "pearson_r"]] = np.nan
    summary = summarise(scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figure.draw(scores, summary, MODELS, READOUTS, "validation")
        style.save(drawn, tmp_path / "a.svg", tmp_path / "a.png")
    assert tick_labels(drawn.axes[0]) == LAYERS


@pytest.mark.parametrize("figure", FIGURES)
def test_one_layer_of_one_model_and_no_network_at_all(figure, tmp_path):
    alone = {"net": network("AlexNet", "pretrained", layers=["features.12"])}
    scores, summary = synthetic(alone, n_sites=1)
    assert tick_labels(figure.draw(scores, summary, alone, READOUTS, "test").axes[0]) == [
        "features.12"
    ]
    pixels = {"pixels": PIXELS}
    scores, summary = synthetic(pixels, n_sites=4)
    drawn = figure.draw(scores, summary, pixels, READOUTS, "test")
    assert not drawn.axes
    assert "No network was scored" in texts(drawn)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_same_input_gives_the_same_bytes(figure, tmp_path):
    scores, summary = synthetic(MODELS, n_sites=20)
    for name in ("a", "b"):
        drawn = figure.draw(scores, summary, MODELS, READOUTS, "test")
        style.save(drawn, tmp_path / f"{name}.svg", tmp_path / name / "it.png")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a/it.png").read_bytes() == (tmp_path / "b/it.png").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()


def test_looks_tell_all_networks_apart():
    looks = style.looks(many_models())
    assert "pixels" not in looks
    assert len(set(looks.values())) == len(looks)
    assert looks["resnet"].color == looks["resnet_random"].color != looks["alexnet"].color
    # A third network of an architecture, and each after it, has a colour of its own.
    assert len({looks[name].color for name in ("resnet", "resnet_goal", "resnet_scratch")}) == 3


def test_twelve_architectures_have_twelve_colours():
    looks = style.looks({f"n{i}": network(f"Net {i}", "") for i in range(12)})
    assert len({look.color for look in looks.values()}) == 12


def test_a_model_has_one_colour_in_the_figures_of_a_run():
    """Data sets that use other models, and the figure over all of them."""
    models = many_models()
    for name, look in assign_looks(models).items():
        models[name] = models[name] | {"look": look}
    some = {name: models[name] for name in ("pixels", "vit", "resnet_goal")}
    assert style.looks(some) == {
        name: style.looks(models)[name] for name in some if name != "pixels"
    }
    scores, summary = synthetic(some)
    along = score_along_layers.draw(scores, summary, some, READOUTS, "test").axes[0]
    assert to_hex(artist(along, "mean:vit").get_color()) == style.looks(models)["vit"].color.lower()
    assert style.looks(many_models()) == style.looks(models)


def test_the_number_of_components_is_the_one_used():
    scores, summary = synthetic(MODELS)
    summary.loc[summary["layer"] == "features.7", "n_components"] = 20
    for figure in FIGURES:
        assert "on the top 20 to 39 PCs" in texts(
            figure.draw(scores, summary, MODELS, READOUTS, "test")
        )


def test_layers_of_relatives_merge_in_network_order():
    relatives = [{"layers": ["a", "c", "e"]}, {"layers": ["b", "c", "d", "e"]}]
    assert style.layers_in_order(relatives, "abcd") == ["b", "a", "c", "d"]


@pytest.mark.parametrize("n_models", [2, 12, 30])
def test_the_matrix_of_comparisons_stays_readable(n_models):
    """Numbers in the cells of a few models; signs where a difference is sure, in those of many."""
    names = [f"model_{index}" for index in range(n_models)]
    models = {
        name: {"label": name, "group": "Task-driven models", "architecture": "net"}
        for name in names
    }
    table = pd.DataFrame(
        [
            {
                "region": "V4",
                "readout": "ridge",
                "split": "test",
                "model": first,
                "other": second,
                "difference": 0.1,
                "n_sites": 60,
                "n_stimuli": 70,
                "p_holm": 0.01 if second == names[1] else 0.5,
            }
            for first, second in combinations(names, 2)
        ]
    )
    readouts = {"ridge": {"label": "Ridge", "method": "ridge", "features": "raw"}}
    figure = comparisons.draw(table, models, readouts, None)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert width < 12 and height < 12
    written = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    if n_models <= comparisons.MOST_NUMBERS:
        assert len(written) == n_models * (n_models - 1)
        assert written.count("0.10*") == 1 and written.count("−0.10*") == 1
    else:
        assert sorted(written) == ["+", "−"]
    assert "no two models" in texts(comparisons.draw(table[:0], models, readouts, None))


def test_the_heat_map_has_a_cell_per_layer_and_a_frame_where_one_is_committed():
    scores, summary = synthetic(MODELS, n_sites=10)
    figure = heat_map_of_layers.draw(scores, summary, MODELS, READOUTS, "test")
    axes = figure.axes[0]
    shown = summary[(summary["split"] == "test") & summary["model"].isin(["trained", "random"])]
    readout = shown[shown["readout"] == heat_map_of_layers.default_readout(READOUTS)]
    region = axes.get_title(loc="left").split(",")[0]
    here = readout[readout["region"] == region]
    (image,) = axes.get_images()
    values = image.get_array()
    for row, model in enumerate(("trained", "random")):
        own = here[here["model"] == model].set_index("layer")["explained_variance_mean"]
        np.testing.assert_allclose(values[row], own.loc[LAYERS])
    assert len(axes.patches) == 2
    assert sum(bool(text.get_text()) for text in axes.texts) == 6
    assert "Pixels" not in texts(figure)


def test_the_heat_map_of_many_models_stays_on_a_page():
    layers = [f"stage{index}" for index in range(12)]
    models = {
        f"net{index}": network(f"Network {index}", "pretrained weights", layers=layers)
        for index in range(30)
    }
    scores, summary = synthetic(models, n_sites=3)
    figure = heat_map_of_layers.draw(scores, summary, models, READOUTS, "test")
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert width < 16 and height < 10
    assert not any(text.get_text() for text in figure.axes[0].texts)


def test_a_heat_map_without_scores_says_so():
    scores, summary = synthetic(MODELS, n_sites=4)
    nothing = summary.assign(explained_variance_mean=np.nan)
    figure = heat_map_of_layers.draw(scores, nothing, MODELS, READOUTS, "test")
    assert "No network has a defined score" in texts(figure)
    alone = {"net": network("AlexNet", "pretrained", layers=["features.12"])}
    scores, summary = synthetic(alone, n_sites=1)
    figure = heat_map_of_layers.draw(scores, summary, alone, READOUTS, "test")
    assert tick_labels(figure.axes[0]) == ["the layer"]


def test_sites_are_those_of_the_two_best_models_at_their_committed_layers():
    scores, summary = synthetic(MODELS, n_sites=12)
    figure = sites.draw(scores, summary, MODELS, READOUTS, "test")
    left = figure.axes[0]
    readout = sites.default_readout(READOUTS)
    rows = summary[(summary["readout"] == readout) & (summary["split"] == "test")]
    committed = rows[rows["layer_committed"]].sort_values("explained_variance_mean")
    points = left.lines[1]
    for values, (model, layer) in zip(
        (points.get_ydata(), points.get_xdata()),
        committed[["model", "layer"]].iloc[[-1, -2]].to_numpy(),
        strict=True,
    ):
        own = scores[(scores["model"] == model) & (scores["layer"] == layer)]
        own = own[(own["readout"] == readout) & (own["split"] == "test")]
        lowest = left.lines[0].get_xdata()[0]
        np.testing.assert_allclose(values, own["explained_variance"].clip(lower=lowest))
    ceilings = figure.axes[1].lines[1].get_xdata()
    np.testing.assert_allclose(ceilings, own["ceiling"])


def test_sites_of_one_model_and_of_none():
    alone = {"net": network("AlexNet", "pretrained", layers=["features.12"])}
    scores, summary = synthetic(alone, n_sites=1)
    assert "one model alone" in texts(sites.draw(scores, summary, alone, READOUTS, "test"))
    nothing = summary.assign(explained_variance_mean=np.nan)
    assert "No model has a defined score" in texts(
        sites.draw(scores, nothing, alone, READOUTS, "test")
    )


def thirty_models():
    """Eight architectures, each at most four times, as a large study has them."""
    variants = [("pretrained", "w"), ("random", None), ("tuned", "w"), ("from scratch", None)]
    return {"pixels": PIXELS} | {
        f"net{index}": network(
            f"Architecture {index % 8}",
            variants[index // 8][0],
            weights=variants[index // 8][1],
            layers=[f"blocks.{block}.mlp.fc2" for block in range(3 + index % 8)],
        )
        for index in range(30)
    }


def test_of_thirty_models_the_families_are_shown_that_explain_most(tmp_path):
    models = thirty_models()
    scores, summary = synthetic(models, ("V4", "IT"), n_sites=20)
    figure = explained_variance_by_layer.draw(scores, summary, models, READOUTS, "test")
    assert len(figure.axes) == 2 * explained_variance_by_layer.MOST_FAMILIES
    assert figure.get_figheight() < 18
    assert "The 6 of 8 families" in texts(figure)
    chosen = summary[
        summary["layer_committed"]
        & (summary["split"] == "test")
        & (summary["readout"] == "pcs_ridge_cv")
        & (summary["model"] != "pixels")
    ]
    label = chosen["model"].map({name: one["label"] for name, one in models.items()})
    best = chosen.groupby([label, "region"])["explained_variance_mean"].max().groupby("model")
    expected = set(best.mean().nlargest(6).index)
    shown = {axes.get_title(loc="left").partition(": ")[2] for axes in figure.axes}
    assert shown == expected


def test_of_thirty_models_the_layers_are_in_lines_of_about_equal_length():
    models = thirty_models()
    scores, summary = synthetic(models, n_sites=6)
    figure = score_along_layers.draw(scores, summary, models, READOUTS, "test")
    counts = [len(tick_labels(axes)) for axes in figure.axes]
    assert len(counts) == 2 and sum(counts) == sum(range(3, 11))
    assert max(counts) <= style.MOST_TICKS and figure.get_figwidth() < 18
    for axes in figure.axes:
        assert axes.get_xlim() == figure.axes[0].get_xlim()


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([3], [[3]]),
        ([60], [[60]]),
        ([60, 2], [[60], [2]]),
        ([10] * 5, [[10] * 3, [10] * 2]),
        ([30, 5, 5, 5, 5], [[30], [5, 5, 5, 5]]),
    ],
)
def test_lines_are_few_and_of_about_equal_length(sizes, expected):
    assert [sizes[line] for line in style.in_lines(sizes)] == expected


def test_thirty_models_are_told_apart_in_grey():
    """No two of an architecture's lines are alike, nor two architectures' markers."""
    looks = style.looks(thirty_models())
    assert len({(look.color, look.line, look.marker) for look in looks.values()}) == 30
    alike = {}
    for model, look in looks.items():
        brightness = round(sum(int(look.color[place : place + 2], 16) for place in (1, 3, 5)) / 60)
        alike.setdefault((look.marker, look.line, brightness), []).append(model)
    assert max(map(len, alike.values())) == 1
    marks = [style.mark_of(look) for look in looks.values()]
    assert len({tuple(sorted((k, str(v)) for k, v in mark.items())) for mark in marks}) == 30


def test_the_best_models_are_in_colour_and_in_the_order_given():
    names = [f"n{index}" for index in range(14)]
    scores = pd.Series({name: index % 7 for index, name in enumerate(names[:13])})
    best = style.most_explaining(scores, names)
    assert best == sorted(best, key=names.index) and len(best) == style.MOST_LINES
    assert scores[best].min() >= scores.drop(best).max() and "n13" not in best
    assert style.most_explaining(scores, ["n13"]) == ["n13"]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.456, "0.46"), (-0.004, "0.00"), (-0.3, "−0.30"), (0.0, "0.00")]
)
def test_numbers_have_a_minus_sign_and_no_negative_zero(value, expected):
    assert style.number(value) == expected
