"""The sections of a data set on the page: each makes parts of one of its tables.

A new section is a function that makes parts of a `DataOfSet`, and a line of `SECTIONS`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ventral.page import charts
from ventral.page.parts import Chart, Part, Table, without_shared
from ventral.scores.dissimilarities import table_of_dissimilarities
from ventral.scores.reporting import (
    at_committed_settings,
    committed_rows,
    default_readout,
    model_names,
    regions_in_order,
    reported_split,
    variant_names,
)
from ventral.scores.spectra import table_of_spectra

EXPLAINED = "explained_variance"
CEILING = "Noise ceiling"
GREY = "#8C8C8C"
MOST_DOTS = 20_000
"""Sites times models of a chart; beyond it the best models are shown."""
MOST_PAIRED = 40
"""Models of a chart of pairs."""
MOST_ROWS = 5_000
"""Rows of a table of pairs; more are in the CSV file alone."""


@dataclass(frozen=True)
class DataOfSet:
    """The tables of a data set or pool, and how its models are called and drawn.

    Parameters
    ----------
    tables : mapping
        {kind: DataFrame}, of `ventral.study.page.TABLES`.
    epochs : mapping
        {model: its table of epochs}, of those trained.
    display : mapping
        ``models``, ``readouts`` and ``readout``, as `ventral.study.display` describes them.
    variants : mapping
        Labels of the models, with the values of sweeps, see `variant_names`.
    """

    tables: Mapping[str, pd.DataFrame]
    epochs: Mapping[str, pd.DataFrame]
    display: Mapping[str, Any]
    variants: Mapping[str, Mapping]
    _shown: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def models(self) -> dict[str, dict]:
        """The models of the config by entry."""
        return dict(self.display["models"])

    @property
    def readouts(self) -> dict[str, dict]:
        """The readouts of the config by entry."""
        return dict(self.display["readouts"])

    @property
    def first_readout(self) -> str:
        """The readout that is shown before another is chosen."""
        return self.display["readout"] or default_readout(self.readouts)

    def labels(self) -> dict[str, str]:
        """Return the names of entries, and of the variants of this data set."""
        return variant_names(self.variants) | model_names(self.models)

    def colors(self, variants: bool = False) -> dict[str, tuple[str, bool]]:
        """Return the colour of each model by its name, and whether its weights are random."""
        found = {}
        for model, name in model_names(self.models).items():
            look = self.models[model].get("look", {"color": GREY, "is_random": False})
            found[name] = (look["color"], look["is_random"])
        if variants:
            for name in variant_names(self.variants).values():
                found.setdefault(name, found.get(name.partition(";")[0], (GREY, False)))
        return found

    def committed(self, kind: str) -> pd.DataFrame:
        """Return scores or the summary at the committed settings of sweeps, as they are shown."""
        if kind not in self._shown:
            summary = self.tables["summary"]
            table = at_committed_settings(self.tables[kind], summary)
            self._shown[kind] = table[table["split"] == reported_split(summary)]
        return self._shown[kind]

    def readout_labels(self) -> dict[str, str]:
        """Return the name of each readout, with its entry where two have the same label."""
        labels = [readout["label"] for readout in self.readouts.values()]
        return {
            name: readout["label"]
            if labels.count(readout["label"]) == 1
            else f"{readout['label']} ({name})"
            for name, readout in self.readouts.items()
        }


def _placed(rows: pd.DataFrame, layers_of: Mapping[str, list[str]]) -> pd.DataFrame:
    """Return rows in network order, with the depth of each and whether its model has one layer."""
    place = [
        layers_of[model].index(layer) if layer in layers_of.get(model, []) else -1
        for model, layer in zip(rows["model"], rows["layer"], strict=True)
    ]
    rows = rows.assign(place=place)
    rows = rows[rows["place"] >= 0].copy()
    last = rows.groupby("model")["place"].transform("max")
    rows["depth"] = np.where(last > 0, rows["place"] / last.where(last > 0, 1), 0.0)
    rows["alone"] = rows.groupby("model")["layer"].transform("nunique") == 1
    order = {model: i for i, model in enumerate(layers_of)}
    return rows.sort_values(["model", "place"], key=lambda keys: keys.map(order).fillna(keys))


def layers(data: DataOfSet) -> Iterator[Part]:
    """Make a chart per region of the score along the layers."""
    shown = data.committed("summary")
    names, readouts = model_names(data.models), data.readout_labels()
    layers_of = {model: description["layers"] for model, description in data.models.items()}
    for region in regions_in_order(shown):
        here = shown[shown["region"] == region]
        placed = _placed(here, layers_of)
        rows = pd.DataFrame(
            {
                "model": placed["model"].map(names),
                "layer": placed["layer"],
                "depth": placed["depth"].round(4),
                "alone": placed["alone"],
                "choice": placed["readout"].map(readouts),
                "value": placed[f"{EXPLAINED}_mean"],
                "low": placed[f"{EXPLAINED}_low"],
                "high": placed[f"{EXPLAINED}_high"],
                "committed": committed_rows(placed),
            }
        )
        rows = rows[rows["value"].notna()]
        if rows.empty:
            continue
        first = _first_of(rows, readouts[data.first_readout])
        rows = _few(rows, first)
        ceilings = pd.DataFrame(
            {
                "value": here.groupby("readout")["ceiling_median"].median(),
                "name": "Noise ceiling, median over sites",
            }
        )
        ceilings = ceilings.assign(choice=ceilings.index.map(readouts)).dropna()
        ceilings = ceilings[ceilings["choice"].isin(rows["choice"])]
        spec = charts.along_layers(
            rows,
            data.colors(),
            "Explained variance, mean over sites",
            "Readout",
            first,
            ceilings,
        )
        yield Chart(spec, region)


def _first_of(rows: pd.DataFrame, wanted: str) -> str:
    """Return what a menu shows first: what is wanted, unless no model has several layers of it."""
    several = rows.loc[~rows["alone"], "choice"]
    if several.empty or (several == wanted).any():
        return wanted
    return str(several.value_counts().index[0])


def _few(rows: pd.DataFrame, first: str) -> pd.DataFrame:
    """Return the rows of a chart; of more than `MOST_DOTS` only what its menu shows first."""
    return rows if len(rows) <= MOST_DOTS else rows[rows["choice"] == first]


def sites(data: DataOfSet) -> Iterator[Part]:
    """Make a chart with a dot per site: any model against any other, or against the ceiling."""
    summary, scores = data.committed("summary"), data.committed("scores")
    readout = data.first_readout
    if readout not in set(scores["readout"]):
        readout = scores["readout"].iloc[-1]
    best = summary[committed_rows(summary) & (summary["readout"] == readout)]
    if best.empty:
        return
    names = model_names(data.models)
    order = best.groupby("model")[f"{EXPLAINED}_mean"].mean().sort_values(ascending=False)
    key = ["region", "model", "layer"]
    rows = scores[scores["readout"] == readout].merge(best[key], on=key)
    index = ["region", "site_id"]
    if "dataset" in rows:
        index.insert(0, "dataset")
    most = max(2, MOST_DOTS // max(1, rows.drop_duplicates(index).shape[0]))
    kept = [model for model in order.index if model in names][:most]
    wide = rows[rows["model"].isin(kept)].pivot_table(
        index=index, columns="model", values=EXPLAINED, sort=False
    )
    wide = wide.reindex(columns=kept).rename(columns=names)
    wide[CEILING] = rows.groupby(index)["ceiling"].first().reindex(wide.index)
    has_ceiling = wide[CEILING].notna().any()
    if not has_ceiling:
        wide = wide.drop(columns=CEILING)
    choices = [str(name) for name in wide.columns]
    wide = wide.reset_index().rename(columns={"site_id": "site"}).drop(columns="dataset")
    across = CEILING if has_ceiling else choices[min(1, len(choices) - 1)]
    label = data.readout_labels()[readout]
    yield f"Each dot is a site: explained variance at the committed layers, readout {label}."
    if len(order) > len(kept):
        yield f"The {len(kept)} best of {len(order)} models can be chosen."
    yield Chart(charts.across_sites(wide, choices, (across, choices[0])))


def comparisons(data: DataOfSet) -> Iterator[Part]:
    """Make a map per region of the differences between models, and a table of them."""
    table = data.tables["comparisons"]
    names, readouts = model_names(data.models), data.readout_labels()
    pairs = pd.DataFrame(
        {
            "region": table["region"],
            "choice": table["readout"].map(readouts),
            "model": table["model"].map(names),
            "other": table["other"].map(names),
            "difference": table["difference"],
            "low": table["difference_low"],
            "high": table["difference_high"],
            "p": table["p_holm"],
            "sites": table["sites_won"],
        }
    )
    if len(pairs) > MOST_ROWS:
        yield f"The {len(pairs)} comparisons are in tables/comparisons.csv."
        return
    turned = pairs.rename(columns={"model": "other", "other": "model"}).assign(
        difference=-pairs["difference"],
        low=-pairs["high"],
        high=-pairs["low"],
        sites=1 - pairs["sites"],
    )
    order = [name for name in names.values() if name in {*pairs["model"], *pairs["other"]}]
    if len(order) <= MOST_PAIRED:
        for region in regions_in_order(pairs):
            both = pd.concat([part[part["region"] == region] for part in (pairs, turned)])
            both = both.drop(columns="region")
            first = readouts[data.first_readout]
            yield Chart(charts.between_models(both, order, "Readout", first), region)
    headings = {
        "region": "Region",
        "choice": "Readout",
        "model": "Model",
        "other": "Other",
        "difference": "Difference",
        "low": "From",
        "high": "To",
        "p": "p (Holm)",
        "sites": "Sites won",
    }
    yield Table(without_shared(pairs, ["region", "choice"]).rename(columns=headings), "Every pair")


def training(data: DataOfSet) -> Iterator[Part]:
    """Make a chart of the epochs of each task, and a table of what training gained."""
    table, names = data.tables["training"], data.labels()
    headings = {
        "responses": "Explained variance on validation",
        "classification": "Accuracy on validation",
    }
    for task, models in table.groupby("task", sort=False)["model"]:
        epochs = [
            data.epochs[model].assign(model=names[model])
            for model in models
            if model in data.epochs
        ]
        if not epochs:
            continue
        rows = pd.concat(epochs).rename(columns={"validation_score": "score", "is_best": "best"})
        columns = ["model", "epoch", "score", "train_loss", "validation_loss", "best"]
        heading = headings.get(str(task), "Score on validation")
        spec = charts.along_epochs(rows[columns], data.colors(variants=True), heading)
        yield Chart(spec, f"Trained on {task}")
    yield _table_of(
        table,
        names,
        {
            "model": "Model",
            "task": "Task",
            "start": "Starts from",
            "retrained_parameters": "Retrained parameters",
            "best_epoch": "Epoch kept",
            "epochs": "Epochs",
            "test_start_score": "Before",
            "test_best_score": "After",
            "test_gain": "Gain on test",
            "test_gain_low": "From",
            "test_gain_high": "To",
            "beats_start": "Beats its start",
        },
    )


def classification(data: DataOfSet) -> Iterator[Part]:
    """Make a table of accuracies."""
    columns = ["model", "target", "split", "accuracy", "chance", "n_stimuli", "n_classes"]
    headings = ["Model", "Target", "Split", "Accuracy", "Chance", "Stimuli", "Classes"]
    named = dict(zip(columns, headings, strict=True))
    yield _table_of(data.tables["classification"], data.labels(), named)


def sweeps(data: DataOfSet) -> Iterator[Part]:
    """Make a table of every variant."""
    table, readouts = data.tables["sweeps"], data.readout_labels()
    names = model_names(data.models)
    named = {"Model": table["Model"].map(names), "Readout": table["Readout"].map(readouts)}
    yield Table(table.assign(**named))


def similarity(data: DataOfSet) -> Iterator[Part]:
    """Make a chart per region of each measure along the layers."""
    table, names = data.tables["similarity"], variant_names(data.variants)
    table = table[table["model"].isin(names)]
    for region in regions_in_order(table):
        here = table[table["region"] == region]
        ends = here.drop_duplicates("measure").set_index("measure")
        ceilings = pd.concat(
            [
                pd.DataFrame(
                    {
                        "choice": ends.index,
                        "value": ends[f"noise_ceiling_{end}"].to_numpy(),
                        "name": f"Noise ceiling, {end}",
                    }
                )
                for end in ("lower", "upper")
            ]
        ).dropna()
        yield Chart(_profile(data, here, "value", "measure", "Measure", "Value", ceilings), region)


def dissimilarities(data: DataOfSet) -> Iterator[Part]:
    """Make a chart per region of the correlation of dissimilarities along the layers."""
    table, names = data.tables["dissimilarities"], variant_names(data.variants)
    of_models = table[table["model"].isin(names)]
    for region in regions_in_order(of_models):
        here = of_models[of_models["region"] == region].assign(choice="all")
        found = here.iloc[0][["ceiling_low", "ceiling_high"]].to_numpy(float)
        ceilings = pd.DataFrame(
            {
                "choice": "all",
                "value": found,
                "name": ["Noise ceiling, lower", "Noise ceiling, upper"],
            }
        ).dropna()
        heading = "Spearman's ρ with the region"
        yield Chart(_profile(data, here, "rho", "choice", "", heading, ceilings), region)
    words = table_of_dissimilarities(table, names)
    yield Table(
        words.drop(columns="95% interval").assign(From=table["rho_low"], To=table["rho_high"])
    )


def spectra(data: DataOfSet) -> Iterator[Part]:
    """Make a table of the eigenspectra."""
    yield Table(table_of_spectra(data.tables["spectra"], variant_names(data.variants)))


def references(data: DataOfSet) -> Iterator[Part]:
    """Make a table of published numbers beside those of this run."""
    table = data.tables["references"]
    headings = {name: str(name).replace("_", " ").capitalize() for name in table.columns}
    yield _table_of(table, data.labels(), headings)


def _profile(
    data: DataOfSet,
    table: pd.DataFrame,
    value: str,
    choice: str,
    menu: str,
    heading: str,
    ceilings: pd.DataFrame,
) -> dict[str, Any]:
    """Return a chart along the layers of a table by variants."""
    names = variant_names(data.variants)
    ends = ("low", "high") if value == "value" else (f"{value}_low", f"{value}_high")
    layers_of = {
        str(model): list(dict.fromkeys(rows["layer"]))
        for model, rows in table.groupby("model", sort=False)
    }
    placed = _placed(table, layers_of)
    rows = pd.DataFrame(
        {
            "model": placed["model"].map(names),
            "layer": placed["layer"],
            "depth": placed["depth"].round(4),
            "alone": placed["alone"],
            "choice": placed[choice],
            "value": placed[value],
            "low": placed[ends[0]],
            "high": placed[ends[1]],
            "committed": False,
        }
    )
    first = str(rows["choice"].iloc[0])
    rows = _few(rows, first)
    return charts.along_layers(rows, data.colors(variants=True), heading, menu, first, ceilings)


def _table_of(table: pd.DataFrame, names: Mapping[str, str], headings: Mapping[str, str]) -> Table:
    """Return some columns of a table under other headings, its models by their names."""
    shown = table.copy()
    for column in {"model", "start"} & set(table.columns):
        shown[column] = [names.get(value, value) for value in table[column]]
    return Table(shown[list(headings)].rename(columns=dict(headings)))


@dataclass(frozen=True)
class Section:
    """A section of each data set that has a table.

    Parameters
    ----------
    kind : str
        Of the table, of `ventral.study.page.TABLES`.
    title, note : str
        What is shown in front of it.
    make : callable
        Makes its parts.
    """

    kind: str
    title: str
    note: str
    make: Callable[[DataOfSet], Iterator[Part]]


SECTIONS = (
    Section(
        "summary",
        "Along the layers",
        "Mean explained variance over sites of every layer, with 95 % intervals over stimuli and"
        " sites. Large marks are committed layers, which were chosen on validation stimuli; a model"
        " with one layer is a dotted line; the dotted grey line is the median noise ceiling of the"
        " sites. Choose models in the legend (shift for several).",
        layers,
    ),
    Section("scores", "Site by site", "", sites),
    Section(
        "comparisons",
        "Model against model",
        "Difference of the mean explained variance on the same stimuli and sites, at the committed"
        " layers, with the interval and p of a paired bootstrap, corrected for all pairs (Holm).",
        comparisons,
    ),
    Section(
        "training",
        "Training",
        "The score on validation along the epochs; the large mark is the epoch that was kept. The"
        " table has the gain on test stimuli, which chose nothing.",
        training,
    ),
    Section("classification", "Classification", "", classification),
    Section("sweeps", "Sweeps", "Every variant; the committed one is best on validation.", sweeps),
    Section(
        "dissimilarities",
        "Dissimilarities along the layers",
        "Correlation of the dissimilarities of stimuli in a layer with those of a region, with 95 %"
        " intervals. Dotted: the noise ceilings between subjects.",
        dissimilarities,
    ),
    Section(
        "similarity",
        "Similarity of layers and regions",
        "Dotted: the noise ceilings between halves of the trials.",
        similarity,
    ),
    Section("spectra", "Eigenspectra of the layers", "", spectra),
    Section("references", "Published numbers beside those of this run", "", references),
)
