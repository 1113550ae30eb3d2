"""What a section of the page is made of: tables, charts and text, as the page's script reads them.

Tables are drawn by DataTables, which the package ``itables`` brings as one file; charts by
Vega-Lite, which ``vl_convert`` brings as one file.
"""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

DIGITS = 3
LONG = 25
"""Rows of a table on one page of it."""
MAX_CHOICES = 60
"""A column of text with more values than this is searched, and not filtered by a list."""


@dataclass(frozen=True)
class Chart:
    """A chart.

    Parameters
    ----------
    spec : dict
        Of Vega-Lite.
    title : str
        In front of it.
    """

    spec: dict[str, Any]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table that sorts and filters.

    Parameters
    ----------
    rows : DataFrame
        Its columns are the headings. Numbers are shown with `DIGITS` decimals, whole numbers and
        text as they are; what is not defined is an empty cell.
    title : str
        In front of it.
    hover : mapping
        {heading: text of each row, shown where the mouse rests}.
    bars : sequence of str
        Headings whose cells have a bar of the length of the number, which is a fraction.
    """

    rows: pd.DataFrame
    title: str = ""
    hover: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bars: Sequence[str] = ()

    def options(self) -> dict[str, Any]:
        """Return what DataTables is given."""
        headings = [str(name) for name in self.rows.columns]
        columns = [self._cells(name) for name in headings]
        is_number = [pd.api.types.is_numeric_dtype(self.rows[name]) for name in headings]
        is_number = [
            numeric and not pd.api.types.is_bool_dtype(self.rows[name])
            for numeric, name in zip(is_number, headings, strict=True)
        ]
        filters = [
            {"targets": [place], "columnControl": ["order", [self._filter(name, numeric)]]}
            | ({"className": "number"} if numeric else {})
            for place, (name, numeric) in enumerate(zip(headings, is_number, strict=True))
        ]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in headings)
        return {
            "table_html": f"<table><thead><tr>{head}</tr></thead></table>",
            "data_json": json.dumps([list(row) for row in zip(*columns, strict=True)]),
            "classes": ["display", "compact", "nowrap"],
            "style": {"width": "100%", "margin": "0"},
            "order": [],
            "ordering": {"indicators": False, "handler": True},
            "columnDefs": filters,
            "paging": len(self.rows) > LONG,
            "pageLength": LONG,
            "lengthMenu": [LONG, 100, 1000],
            "layout": {
                "topStart": "pageLength" if len(self.rows) > LONG else None,
                "topEnd": "search" if len(self.rows) > 5 else None,
                "bottomStart": "info" if len(self.rows) > 5 else None,
                "bottomEnd": "paging" if len(self.rows) > LONG else None,
            },
        }

    def _filter(self, name: str, is_number: bool) -> str:
        if is_number or self.rows[name].nunique() > MAX_CHOICES:
            return "search"
        return "searchList"

    def _cells(self, name: str) -> list[str]:
        texts = [cell(value) for value in self.rows[name]]
        if name not in self.hover and name not in self.bars:
            return texts
        hints = self.hover.get(name, [""] * len(texts))
        return [
            f"<span{_title(hint)}{_bar(value) if name in self.bars else ''}>{text}</span>"
            for text, hint, value in zip(texts, hints, self.rows[name], strict=True)
        ]


def cell(value: Any) -> str:
    """Return a value as the HTML of a cell; what is not defined is empty."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return ""
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.{DIGITS}f}"
    return "" if value is None or value is pd.NA else html.escape(str(value))


def _title(hint: str) -> str:
    return f' title="{html.escape(hint)}"' if hint else ""


def _bar(value: float) -> str:
    width = 0 if not np.isfinite(value) else 100 * min(max(float(value), 0), 1)
    return f' class="bar" style="--width: {width:.0f}%"'


def without_shared(rows: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return a table without those of some columns in which all rows say the same."""
    return rows.drop(columns=[name for name in columns if rows[name].nunique() < 2])


Part = Chart | Table | str


def for_script(parts: Iterable[Part]) -> tuple[str, list[dict[str, Any]]]:
    """Return the HTML of parts, with empty places for charts and tables, and what fills them.

    Returns
    -------
    str
        HTML. A place has the class ``chart`` or ``table``; they are filled in their order.
    list of dict
        ``kind`` and ``options`` of each place.
    """
    lines, fills = [], []
    for part in parts:
        if isinstance(part, str):
            lines.append(f"<p>{part}</p>")
            continue
        if part.title:
            lines.append(f"<h4>{html.escape(part.title)}</h4>")
        kind = "chart" if isinstance(part, Chart) else "table"
        options = part.spec if isinstance(part, Chart) else part.options()
        lines.append(f'<div class="{kind}"></div>')
        fills.append({"kind": kind, "options": options})
    return "\n".join(lines), fills
