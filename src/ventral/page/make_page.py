"""The results page in one HTML file, which asks the network for nothing."""

import base64
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import pandas as pd
import vl_convert

from ventral.page.frame import PAGE, SCRIPT, STYLE
from ventral.page.overview import overview
from ventral.page.parts import Part, for_script
from ventral.page.sections import SECTIONS, DataOfSet
from ventral.scores.reporting import model_names, reported_split, split_in_words
from ventral.study.page import EPOCHS, REGIONS

Keyed = tuple[Sequence[str], pd.DataFrame]


def make_page(
    tables: Iterable[Keyed], display: Mapping[str, Any], config: str, facts: Mapping[str, str]
) -> str:
    """Return the page.

    Parameters
    ----------
    tables : iterable
        Each table with its data set, kind and model, as `ventral.study.page.tables_of_page` names
        them.
    display : mapping
        ``models``, ``readouts`` and ``readout``, and of each data set its ``variants``.
    config : str
        The config as YAML.
    facts : mapping
        {what: text} that is shown at the end: the commit, versions.

    Returns
    -------
    str
        HTML. Sections without a table, or whose table is empty, are left out.
    """
    by_set: dict[str, dict[str, pd.DataFrame]] = {}
    epochs: dict[str, dict[str, pd.DataFrame]] = {}
    for (dataset, kind, model), table in tables:
        if kind == EPOCHS:
            epochs.setdefault(dataset, {})[model] = table
        else:
            by_set.setdefault(dataset, {})[kind] = table
    regions = by_set.pop("", {}).get(REGIONS)
    fills: list[dict[str, Any]] = []
    body, links = [], []
    if regions is not None and len(regions):
        parts = [_what_scores_are(by_set), *overview(regions, display, _labels(display))]
        body.append(_section("overview", "All models", parts, fills, level=2))
        links.append(("overview", "All models"))
    for dataset, of_set in by_set.items():
        data = DataOfSet(of_set, epochs.get(dataset, {}), display, display["variants"][dataset])
        sections = []
        for place, section in enumerate(SECTIONS):
            if section.kind not in of_set or of_set[section.kind].empty:
                continue
            parts = list(section.make(data))
            if parts:
                note = [html.escape(section.note)] if section.note else []
                name = f"{dataset}-{place}"
                sections.append(_section(name, section.title, [*note, *parts], fills, level=3))
        links.append((f"set-{dataset}", dataset))
        content = "\n".join(sections)
        body.append(
            f'<section id="set-{html.escape(dataset)}"><h2>{html.escape(dataset)}</h2>\n'
            f"{content}</section>"
        )
    links.append(("made", "How it was made"))
    body.append(_how_it_was_made(display, config, facts))
    return PAGE.format(
        style=STYLE,
        table_style=_bundle("dt_bundle.css"),
        links="\n".join(
            f'<a href="#{html.escape(name)}">{html.escape(title)}</a>' for name, title in links
        ),
        body="\n".join(body),
        vega=_inside_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")),
        tables=base64.b64encode(_bundle("dt_bundle.js").encode()).decode(),
        fills=_inside_script(json.dumps(fills, allow_nan=False, separators=(",", ":"))),
        script=SCRIPT,
    )


def _section(
    name: str, title: str, parts: list[Part], fills: list[dict[str, Any]], level: int
) -> str:
    """Return a section's HTML, and add what fills its places to `fills`."""
    lines, own = for_script(parts)
    fills.extend(own)
    heading = f"<h{level}>{html.escape(title)}</h{level}>"
    return f'<section id="{html.escape(name)}">{heading}\n{lines}</section>'


def _what_scores_are(by_set: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    splits = {
        split_in_words(reported_split(tables["summary"])).lower()
        for tables in by_set.values()
        if "summary" in tables
    }
    return (
        "Score: mean explained variance over sites at the committed layer, with its 95 % interval"
        " over stimuli and sites. Corrected: what is explained of all sites divided by what can be"
        " explained of them. Ceiling: median split-half reliability of the sites. Reported on:"
        f" {' or '.join(sorted(splits))}. Click a heading to sort, its ≡ to filter; rest the mouse"
        " on a score for its interval and layer."
    )


def _labels(display: Mapping[str, Any]) -> dict[str, str]:
    return DataOfSet({}, {}, display, {}).readout_labels()


def _how_it_was_made(display: Mapping, config: str, facts: Mapping[str, str]) -> str:
    names = model_names(dict(display["models"]))
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    models = "".join(
        f"<tr><th>{html.escape(names[model])}</th><td>{html.escape(model)}</td>"
        f"<td>{html.escape(str(description['architecture']))}</td>"
        f"<td>{html.escape(str(description.get('weights') or 'random'))}</td></tr>"
        for model, description in display["models"].items()
    )
    return (
        '<section id="made"><h2>How it was made</h2>\n'
        f'<div class="wide"><table class="facts">{rows}</table></div>\n'
        f'<details><summary>Models</summary><div class="wide"><table class="facts">{models}</table>'
        "</div></details>\n"
        f"<details><summary>Config</summary><pre>{html.escape(config)}</pre></details>\n</section>"
    )


def _bundle(name: str) -> str:
    """Return a file of DataTables, which itables brings."""
    return files("itables").joinpath("html", name).read_text(encoding="utf-8")


def _inside_script(text: str) -> str:
    """Return JavaScript or JSON that does not end the element it is written in."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
