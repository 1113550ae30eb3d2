"""The charts of the page, as specifications of Vega-Lite made with Altair."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

HEIGHT = 300
BOLD = 70
"""Size of the mark of a committed layer; that of another is `THIN`."""
THIN = 22
FAINT = 0.08
"""Opacity of a model that is not chosen in the legend."""

Colors = Mapping[str, tuple[str, bool]]
"""Of each model's name its colour, and whether its weights are random."""


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as a chart's data: numbers of five digits, None where one is not defined."""

    def plain(value: Any) -> Any:
        if isinstance(value, bool | np.bool_):
            return bool(value)
        if isinstance(value, int | np.integer):
            return int(value)
        if isinstance(value, float | np.floating):
            return float(f"{value:.5g}") if np.isfinite(value) else None
        return None if value is pd.NA else value

    columns = [str(name) for name in rows.columns]
    return [
        {name: plain(value) for name, value in zip(columns, row, strict=True)}
        for row in rows.itertuples(index=False, name=None)
    ]


def along_layers(
    rows: pd.DataFrame,
    colors: Colors,
    heading: str,
    choice: str,
    first_choice: str,
    ceilings: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return a chart of a value along the layers of each model.

    Parameters
    ----------
    rows : DataFrame
        ``model`` (its name), ``layer``, ``depth`` (0 for the first recorded layer, 1 for the last),
        ``alone`` (of a model with one layer), ``choice``, ``value``, ``low``, ``high`` and
        ``committed``.
    colors : mapping
        Of each model.
    heading : str
        Of the vertical axis.
    choice, first_choice : str
        What the menu chooses, and its first value; without a menu where there is one value.
    ceilings : DataFrame, optional
        ``choice``, ``value`` and ``name`` of lines across the chart.
    """
    legend = alt.selection_point(fields=["model"], bind="legend", name="models")
    color = _color(rows["model"], colors)
    strength = alt.condition(legend, alt.value(1), alt.value(FAINT))
    hints = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("layer:N", title="Layer"),
        alt.Tooltip("value:Q", title=heading, format=".3f"),
        alt.Tooltip("low:Q", title="95 % interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("committed:N", title="Committed layer"),
    ]
    base = alt.Chart().encode(
        x=alt.X(
            "depth:Q",
            title="Depth among the recorded layers",
            axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format="%"),
            scale=alt.Scale(domain=[-0.02, 1.02], nice=False),
        ),
        color=color,
    )
    several = base.transform_filter("!datum.alone")
    lines = several.mark_line().encode(
        y=alt.Y("value:Q", title=heading),
        opacity=strength,
        strokeDash=alt.StrokeDash(
            "random:N", scale=alt.Scale(domain=[False, True], range=[[1, 0], [5, 4]]), legend=None
        ),
    )
    band = several.mark_area().encode(
        y=alt.Y("low:Q", title=heading),
        y2="high:Q",
        opacity=alt.condition(legend, alt.value(0.12), alt.value(0)),
    )
    alone = (
        alt.Chart()
        .transform_filter("datum.alone")
        .mark_rule(strokeWidth=2, strokeDash=[2, 3])
        .encode(y=alt.Y("value:Q", title=heading), color=color, opacity=strength, tooltip=hints)
    )
    dots = several.mark_point(filled=True, stroke="gray").encode(
        y=alt.Y("value:Q", title=heading),
        opacity=strength,
        size=alt.condition("datum.committed", alt.value(BOLD), alt.value(THIN)),
        strokeWidth=alt.condition("datum.committed", alt.value(1.5), alt.value(0)),
        tooltip=hints,
    )
    data = rows.assign(random=[colors[name][1] for name in rows["model"]])
    layers = [band, lines, alone, dots.add_params(legend)]
    if ceilings is not None and len(ceilings):
        mark = alt.Chart(alt.Data(values=records(ceilings)))
        marks = mark.mark_rule(color="gray", strokeWidth=1.5, strokeDash=[1, 3]).encode(
            y="value:Q", tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("value:Q")]
        )
        layers.append(marks)
    chart = alt.layer(*layers, data=alt.Data(values=records(data)))
    return _finished(_with_menu(chart, rows, choice, first_choice))


def across_sites(sites: pd.DataFrame, names: Sequence[str], first: tuple[str, str]) -> dict:
    """Return a chart with a dot per site: one model or the ceiling against another.

    Parameters
    ----------
    sites : DataFrame
        ``site``, ``region`` and a column per name.
    names : sequence of str
        What can be chosen for either axis.
    first : tuple of str
        What is chosen at first, across and up.
    """
    choices = [
        alt.param(
            name=name,
            value=value,
            bind=alt.binding_select(options=list(names), name=f"{label}: "),
        )
        for name, value, label in zip(("across", "up"), first, ("Across", "Up"), strict=True)
    ]
    regions = alt.selection_point(fields=["region"], bind="legend", name="regions")
    chart = (
        alt.Chart(alt.Data(values=records(sites)))
        .transform_calculate(x="datum[across]", y="datum[up]")
        .transform_filter("isValid(datum.x) && isValid(datum.y)")
        .mark_point(filled=True, size=36)
        .encode(
            x=alt.X("x:Q", title="Across: explained variance, or ceiling, of a site"),
            y=alt.Y("y:Q", title="Up: explained variance, or ceiling"),
            color=alt.Color("region:N", title="Region"),
            opacity=alt.condition(regions, alt.value(0.75), alt.value(FAINT)),
            tooltip=[
                alt.Tooltip("site:N", title="Site"),
                alt.Tooltip("region:N", title="Region"),
                alt.Tooltip("x:Q", title="Across", format=".3f"),
                alt.Tooltip("y:Q", title="Up", format=".3f"),
            ],
        )
        .add_params(*choices, regions)
    )
    diagonal = (
        alt.Chart(alt.Data(values=[{"a": 0, "b": 1}]))
        .mark_rule(color="gray", strokeDash=[3, 3])
        .encode(x="a:Q", x2="b:Q", y="a:Q", y2="b:Q")
    )
    return _finished(alt.layer(diagonal, chart))


def between_models(
    rows: pd.DataFrame, names: Sequence[str], choice: str, first_choice: str
) -> dict[str, Any]:
    """Return a chart of the differences between every two models.

    Parameters
    ----------
    rows : DataFrame
        ``model``, ``other``, ``choice``, ``difference``, ``low``, ``high``, ``p`` and ``sites``.
    names : sequence of str
        Of the models, in order.
    choice, first_choice : str
        As for `along_layers`.
    """
    widest = max(float(rows["difference"].abs().max()), 1e-6)
    chart = (
        alt.Chart(alt.Data(values=records(rows)))
        .mark_rect()
        .encode(
            x=alt.X(
                "other:N",
                title=None,
                sort=list(names),
                axis=alt.Axis(labelAngle=-40, labelLimit=320),
            ),
            y=alt.Y("model:N", title=None, sort=list(names), axis=alt.Axis(labelLimit=320)),
            color=alt.Color(
                "difference:Q",
                title="Row less column",
                scale=alt.Scale(scheme="blueorange", domain=[widest, -widest]),
            ),
            tooltip=[
                alt.Tooltip("model:N", title="Row"),
                alt.Tooltip("other:N", title="Column"),
                alt.Tooltip("difference:Q", title="Row less column", format="+.3f"),
                alt.Tooltip("low:Q", title="95 % interval from", format="+.3f"),
                alt.Tooltip("high:Q", title="to", format="+.3f"),
                alt.Tooltip("p:Q", title="p, corrected (Holm)", format=".3f"),
                alt.Tooltip("sites:Q", title="Sites at which the row is better", format=".0%"),
            ],
        )
    )
    chart = _with_menu(chart, rows, choice, first_choice)
    height = max(120, 26 * len(names))
    return _finished(chart, height=height)


def along_epochs(rows: pd.DataFrame, colors: Colors, heading: str) -> dict[str, Any]:
    """Return a chart of the score on validation along the epochs of each training.

    Parameters
    ----------
    rows : DataFrame
        ``model``, ``epoch``, ``score``, ``train_loss``, ``validation_loss`` and ``best``.
    colors : mapping
        Of each model.
    heading : str
        Of the vertical axis.
    """
    legend = alt.selection_point(fields=["model"], bind="legend", name="models")
    base = alt.Chart().encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch; 0 is before training",
            axis=alt.Axis(tickMinStep=1, format="d"),
        ),
        y=alt.Y("score:Q", title=heading),
        color=_color(rows["model"], colors),
        opacity=alt.condition(legend, alt.value(1), alt.value(FAINT)),
    )
    dots = base.mark_point(filled=True, stroke="gray").encode(
        size=alt.condition("datum.best", alt.value(BOLD), alt.value(THIN)),
        strokeWidth=alt.condition("datum.best", alt.value(1.5), alt.value(0)),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("epoch:Q", title="Epoch"),
            alt.Tooltip("score:Q", title=heading, format=".3f"),
            alt.Tooltip("train_loss:Q", title="Loss on train", format=".4g"),
            alt.Tooltip("validation_loss:Q", title="Loss on validation", format=".4g"),
            alt.Tooltip("best:N", title="Kept"),
        ],
    )
    layers = base.mark_line(), dots.add_params(legend)
    return _finished(alt.layer(*layers, data=alt.Data(values=records(rows))))


def _color(models: pd.Series, colors: Colors) -> alt.Color:
    names = list(dict.fromkeys(models))
    return alt.Color(
        "model:N",
        title=None,
        scale=alt.Scale(domain=names, range=[colors[name][0] for name in names]),
        legend=alt.Legend(orient="bottom", labelLimit=320, symbolLimit=60, symbolOpacity=1),
    )


def _with_menu(chart: Any, rows: pd.DataFrame, choice: str, first_choice: str) -> Any:
    """Return the chart with a menu that chooses among the values of ``choice``."""
    values = list(dict.fromkeys(rows["choice"]))
    if len(values) < 2:
        return chart
    menu = alt.param(
        name="choice",
        value=first_choice if first_choice in values else values[0],
        bind=alt.binding_select(options=values, name=f"{choice}: "),
    )
    return chart.add_params(menu).transform_filter("datum.choice == choice")


def _finished(chart: Any, height: int = HEIGHT) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict(
        validate=False
    )
    spec.pop("config", None)  # the page has one for all charts
    return spec
