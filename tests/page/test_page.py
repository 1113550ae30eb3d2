"""The results page: what is in it, and that it works in a browser without a network."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from synthetic_scores import GOAL, PCS, PIXELS, READOUTS, RESNET, many_models, network, synthetic
from ventral.figures.looks import assign_looks
from ventral.page.make_page import make_page
from ventral.page.parts import Table, cell, for_script
from ventral.page.sections import SECTIONS
from ventral.scores.reporting import model_names
from ventral.study.page import TABLES, tables_of_page
from ventral.study.study import Study

MODELS = {
    "pixels": PIXELS,
    "random": network("ResNet-50", "random weights", weights=None, layers=RESNET),
    "trained": network("ResNet-50", "pretrained <b>weights</b>", GOAL, layers=RESNET),
}
NAME = "ResNet-50, pretrained <b>weights</b>"


def display_of(models, datasets):
    looks = assign_looks(models)
    variants = {
        name: {
            "label": given["label"],
            "variant": given["variant"],
            "group": given["group"],
            "settings": {},
        }
        for name, given in models.items()
    }
    return {
        "models": {
            name: given | ({"look": looks[name]} if name in looks else {})
            for name, given in models.items()
        },
        "readouts": READOUTS,
        "readout": None,
        "variants": dict.fromkeys(datasets, variants),
    }


def regions_of(summary, models, dataset):
    names = model_names(models)
    rows = summary[summary["layer_committed"] & (summary["split"] == "test")]
    return rows.assign(dataset=dataset, name=rows["model"].map(names))


def tables_of(models=MODELS, datasets=("mine",), regions=("V4", "IT"), **options):
    tables, whole = [], []
    for seed, dataset in enumerate(datasets):
        scores, summary = synthetic(models, regions, n_sites=12, seed=seed, **options)
        whole.append(regions_of(summary, models, dataset))
        tables += [((dataset, "summary", ""), summary), ((dataset, "scores", ""), scores)]
    return [(("", "regions", ""), pd.concat(whole)), *tables]


def extras(dataset="mine"):
    """Return tables of what a study may have: pairs, trainings, sweeps and more."""
    pair = {
        "region": "IT",
        "readout": "pcs_ridge_cv",
        "model": "random",
        "other": "trained",
        "difference": -0.2,
        "difference_low": -0.3,
        "difference_high": -0.1,
        "p_holm": 0.01,
        "sites_won": 0.25,
    }
    training = {
        "model": "trained",
        "task": "responses",
        "start": "random",
        "retrained_parameters": 1234,
        "best_epoch": 1,
        "epochs": 2,
        "test_start_score": 0.1,
        "test_best_score": 0.2,
        "test_gain": 0.1,
        "test_gain_low": np.nan,
        "test_gain_high": np.nan,
        "beats_start": "undecided",
    }
    epochs = pd.DataFrame(
        {
            "epoch": [0, 1, 2],
            "validation_score": [0.1, 0.2, 0.15],
            "train_loss": [np.nan, 1.0, 0.9],
            "validation_loss": [1.1, 1.0, 1.2],
            "is_best": [False, True, False],
        }
    )
    return [
        ((dataset, "comparisons", ""), pd.DataFrame([pair])),
        ((dataset, "training", ""), pd.DataFrame([training])),
        ((dataset, "epochs", "trained"), epochs),
    ]


def page_of(tables, models=MODELS, datasets=("mine",), config="seed: 0\n"):
    return make_page(tables, display_of(models, datasets), config, {"commit": "abc</script>"})


def opened(text, tmp_path, visit, **options):
    path = tmp_path / "index.html"
    path.write_text(text, encoding="utf-8")
    return visit(path, **options)


def fills_of(text):
    found = re.search(r'<script id="fills" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def headings_of(text):
    body = text[text.index("<main>") : text.index("</main>")]
    return re.findall(r"<h[23]>(.*?)</h[23]>", body)


def test_only_what_is_there_has_a_section():
    assert headings_of(page_of(tables_of())) == [
        *("All models", "mine", "Along the layers", "Site by site", "How it was made")
    ]
    found = headings_of(page_of([*tables_of(), *extras()]))
    assert found[4:-1] == ["Model against model", "Training"]
    empty = [(names, table[:0]) for names, table in extras()]
    assert len(headings_of(page_of([*tables_of(), *empty]))) == 5


def test_every_table_of_the_page_has_a_section():
    assert {section.kind for section in SECTIONS} == set(TABLES)


def test_a_study_of_dissimilarities_alone_has_a_page():
    layers = [
        {
            "dataset": "old",
            "region": "it",
            "model": model,
            "layer": layer,
            "rho": 0.1,
            "rho_low": 0.0,
            "rho_high": 0.2,
            "rho_of_subjects": 0.1,
            "ceiling_low": np.nan,
            "ceiling_high": np.nan,
            "n_stimuli": 92,
            "n_subjects": 1,
        }
        for model, given in MODELS.items()
        for layer in given["layers"]
    ]
    between = {**layers[0], "model": np.nan, "layer": "v4"}
    table = pd.DataFrame([*layers, between])
    text = page_of([(("old", "dissimilarities", ""), table)], datasets=["old"])
    assert headings_of(text) == ["old", "Dissimilarities along the layers", "How it was made"]
    chart, _ = fills_of(text)
    points = chart["options"]["data"]["values"]
    assert len(points) == len(layers)


def test_names_of_the_user_are_text_and_nothing_else():
    text = page_of([*tables_of(), *extras()], config="models: {a: </pre><script>alert(1)</script>}")
    body = text[text.index("<main>") : text.index("</main>")]
    assert "<script>" not in body and "pretrained <b>" not in body
    assert "abc&lt;/script&gt;" in body
    assert text.count("</script>") == 4
    cells = [fill["options"]["data_json"] for fill in fills_of(text) if fill["kind"] == "table"]
    assert not any("<b>" in cell for cell in cells)


def test_a_large_study_makes_no_huge_page():
    models = {f"model{i}": network(f"Network {i}", "x", layers=RESNET) for i in range(60)}
    scores, summary = synthetic(
        models, ("IT",), n_sites=500, splits=("test",), readouts={"cv": PCS}
    )
    summary["layer_committed"] = summary["layer"] == "layer3"
    display = display_of(models, ["big"]) | {"readouts": {"cv": PCS}}
    tables = [
        (("", "regions", ""), regions_of(summary, models, "big")),
        (("big", "summary", ""), summary),
        (("big", "scores", ""), scores),
    ]
    pair = extras()[0][1].assign(readout="cv", model="model0", other="model1")
    tables.append((("big", "comparisons", ""), pd.concat([pair] * 9_000)))
    text = make_page(tables, display, "", {})
    assert "The 9000 comparisons are in tables/comparisons.csv" in text
    assert "The 40 best of 60 models can be chosen" in text
    assert len(text) < 4e6


def test_scores_without_a_value_are_empty_and_not_nan():
    tables = tables_of(ceiling=False)
    for (_, kind, _), table in tables:
        if kind == "summary":
            table.loc[table["model"] == "random", "explained_variance_mean"] = np.nan
    text = page_of(tables)
    assert "NaN" not in text[text.index('id="fills"') : text.index('type="module"')]


def test_cells():
    values = [0.12345, 5.0, np.nan, True, "a<b", None, np.int64(3)]
    assert [cell(value) for value in values] == ["0.123", "5", "", "yes", "a&lt;b", "", "3"]
    table = Table(pd.DataFrame({"Score": [0.5, np.nan, -1.0]}), bars=["Score"])
    html, (fill,) = for_script(["hello", table])
    assert html == '<p>hello</p>\n<div class="table"></div>'
    cells = [row[0] for row in json.loads(fill["options"]["data_json"])]
    assert [re.search(r"width: (\d+)%", text)[1] for text in cells] == ["50", "0", "0"]


def test_the_tables_of_a_study():
    config = yaml.safe_load(
        """
        datasets:
          one: {source: simulated, reference: []}
          two: {source: simulated, reference: []}
          old: {source: rdm, reference: []}
        pools: {both: [one, two]}
        models:
          plain: {taps: {main: [a]}}
          tuned: {taps: {main: [a]}, training: {task: responses, target: category}, start: null,
                  head_layer: a}
        readouts: {cv: {method: ridge_cv, features: raw}}
        similarity: false
        spectra: false
        """
    )
    tables = tables_of_page(Study.from_config(config))
    paths = [path for _, path in tables]
    assert paths[0] == "summary_by_region.csv" and len(set(paths)) == len(paths)
    assert [names for names, path in tables if path == "both/scores.csv"] == [
        ["both", "scores", ""]
    ]
    assert ["one", "epochs", "tuned"] in [names for names, _ in tables]
    assert "old/tables/dissimilarities.csv" in paths and "old/scores.csv" not in paths


# In a browser


@pytest.fixture(scope="module")
def whole():
    return page_of([*tables_of(), *extras()])


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_fails_nothing_is_asked_for_and_nothing_overflows(
    whole, tmp_path, visit, width, scheme
):
    seen = opened(whole, tmp_path, visit, width=width, scheme=scheme)
    places = seen.scroll()
    assert places.count() == len(fills_of(whole))
    assert seen.said == [] and seen.left == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    for number in range(places.count()):
        assert places.nth(number).locator("canvas, svg, tbody tr").count() > 0
    is_dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (is_dark == "rgb(255, 255, 255)") == (scheme == "light")


def column(seen, table, number):
    cells = seen.page.locator("main .table").nth(table).locator(f"tbody td:nth-child({number})")
    return cells.all_inner_texts()


def test_a_table_sorts_and_filters(whole, tmp_path, visit):
    seen = opened(whole, tmp_path, visit)
    seen.scroll()
    table = seen.page.locator("main .table").first
    heads = table.locator("thead th").all_inner_texts()
    place = next(i for i, head in enumerate(heads, 1) if head.startswith("IT"))
    table.locator(f"thead th:nth-child({place}) .dt-column-title").click()
    table.locator(f"thead th:nth-child({place})[aria-sort=ascending]").wait_for()
    scores = [float(text) for text in column(seen, 0, place)]
    assert scores == sorted(scores) and len(scores) == 6
    table.locator(f"thead th:nth-child({place}) .dt-column-title").click()
    table.locator(f"thead th:nth-child({place})[aria-sort=descending]").wait_for()
    assert [float(text) for text in column(seen, 0, place)] == sorted(scores, reverse=True)
    hint = table.locator(f"tbody td:nth-child({place}) span").first.get_attribute("title")
    assert "95 % interval" in hint and "layer " in hint and "12 sites, 70 stimuli" in hint
    table.locator("input[type=search]").first.fill("random")
    assert set(column(seen, 0, 1)) == {"ResNet-50, random weights"}
    table.locator("input[type=search]").first.fill("")
    group = len(heads)
    table.locator(f"thead th:nth-child({group}) .dtcc-button_dropdown").click()
    seen.page.locator(".dtcc-dropdown").get_by_text("Images", exact=True).click()
    assert set(column(seen, 0, group)) == {"Images"}


def test_a_mark_says_what_it_is_and_the_menu_chooses(whole, tmp_path, visit):
    seen = opened(whole, tmp_path, visit)
    seen.scroll()
    chart = seen.page.locator("main .chart").first
    chart.scroll_into_view_if_needed()
    mark = chart.locator("svg .mark-symbol.role-mark path").first.bounding_box()
    seen.page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    tip = seen.page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    said = tip.inner_text()
    assert said.startswith("Model") and "Layer" in said and "95 % interval from" in said
    lines = chart.locator("svg .mark-line path")
    before = [line.get_attribute("d") for line in lines.all()]
    assert len(before) == 2  # the networks of several layers
    chart.locator("select").select_option(label="Linear")
    changed = seen.page.locator(f"main .chart svg .mark-line path:not([d='{before[0]}'])")
    changed.first.wait_for(state="attached")
    assert all(line.get_attribute("d") not in before for line in lines.all())


def test_many_models_and_data_sets(tmp_path, visit):
    models, datasets = many_models(), ("one", "two", "three")
    text = page_of(tables_of(models, datasets), models, datasets)
    assert len(text) < 3e6
    seen = opened(text, tmp_path, visit)
    seen.scroll()
    assert seen.said == [] and seen.left == []
    heads = seen.page.locator("main .table").first.locator("thead th").all_inner_texts()
    assert [head.split("\n")[0] for head in heads][2:-1] == [
        f"{dataset} {region}" for dataset in datasets for region in ("V4", "IT")
    ]


@pytest.mark.slow
def test_the_page_and_the_report_of_a_whole_run(finished, project, tmp_path, visit):
    seen = visit(finished.folder / "results" / "index.html")
    seen.scroll()
    assert seen.said == [] and seen.left == []
    text = Path(finished.folder / "results" / "index.html").read_text()
    assert {"Along the layers", "Training", "Sweeps", "Site by site"} < set(headings_of(text))
    assert (finished.folder / "results" / "index.lineage").exists()
    report = tmp_path / "report.html"
    done = project.run("--report", str(report))
    assert done.returncode == 0, done.stdout[-3000:]
    seen = visit(report)
    seen.page.get_by_role("heading", name="first", exact=True).wait_for()
    assert seen.page.locator("table.docutils tbody tr").count() > 5
    assert seen.said == [] and seen.left == []
    assert "Expected(" not in report.read_text()
    assert '"Models at their committed layers"' in report.read_text()
