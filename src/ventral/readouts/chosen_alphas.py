"""The alphas that were chosen in each layer, in the unit of their grid."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ventral.features.pca_store import read_eigenvalues
from ventral.readouts.fit_store import read_alphas
from ventral.readouts.regression import DEFAULT_GRID, alpha_grid
from ventral.storage.store import Store

COLUMNS = (
    "dataset",
    "region",
    "model",
    "readout",
    "layer",
    "fold",
    "site_id",
    "alpha",
    "unit",
    "lowest",
    "highest",
    "relative",
    "n_train",
)

CENTILES = {"low": 0.1, "median": 0.5, "high": 0.9}
"""Of the sites, between which the alphas of a layer are spread."""


def chosen_alphas(
    names: Iterable[Sequence[str]],
    fits: Iterable[str | Path],
    components: Iterable[str | Path],
    settings: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """Return the alpha of each site and layer, of readouts that choose one.

    Parameters
    ----------
    names : iterable of (dataset, model, readout)
        Of each store of fits.
    fits, components : iterable of str or Path
        The stores of the fits, and those of the components that they were fitted to.
    settings : Mapping
        Of each readout: ``features``, and where they are given ``alphas`` and ``n_components``.

    Returns
    -------
    DataFrame
        With `COLUMNS`: a row for each site, layer and fold. ``alpha``, and the ends of the grid,
        ``lowest`` and ``highest``, are absolute; ``unit`` is tr(K)/n of the layer's train stimuli,
        in which a ``relative`` grid is given. ``n_train`` counts these.
    """
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    for (dataset, model, readout), fit, of_layers in zip(names, fits, components, strict=True):
        own, store = settings[readout], Store(of_layers)
        grid = own.get("alphas", DEFAULT_GRID)
        alphas = read_alphas(fit)
        for layer, of_folds in alphas.by_layer.items():
            eigenvalues = read_eigenvalues(store, layer, everything=own["features"] == "raw")
            for fold, alpha in of_folds.items():
                n_train = alphas.n_train[fold]
                used = eigenvalues[fold][: own.get("n_components")]
                whole = alpha_grid(grid, used, n_train)
                tables.append(
                    pd.DataFrame(
                        {
                            "dataset": dataset,
                            "region": alphas.region,
                            "model": model,
                            "readout": readout,
                            "layer": layer,
                            "fold": fold,
                            "site_id": alphas.site_id,
                            "alpha": alpha,
                            "unit": used.sum() / n_train,
                            "lowest": whole[0],
                            "highest": whole[-1],
                            "relative": grid["relative"],
                            "n_train": n_train,
                        }
                    )
                )
    return pd.concat(tables[1:] or tables, ignore_index=True)


def alphas_over_sites(table: pd.DataFrame) -> pd.DataFrame:
    """Return how the alphas of each layer are spread over its sites.

    Parameters
    ----------
    table : DataFrame
        Of `chosen_alphas`.

    Returns
    -------
    DataFrame
        A row per region, model and layer: ``low``, ``median`` and ``high``, the 10th, 50th and 90th
        centile over sites, and ``lowest`` and ``highest`` of the grid, all in units of tr(K)/n
        where every grid is relative, else absolute; ``on_edge``, the share of sites whose alpha is
        one of the ends; ``n_sites`` and ``n_train``. Of folds, a site's median counts.
    """
    relative = bool(table["relative"].astype(bool).all())
    unit = table["unit"] if relative else 1.0
    # In logarithms: the ends of a grid may be 10^±300, whose product is not a number.
    logs = {name: np.log10(table[name] / unit) for name in ("alpha", "lowest", "highest")}
    on_edge = np.isclose(table["alpha"], table["lowest"]) | np.isclose(
        table["alpha"], table["highest"]
    )
    keys = ["region", "model", "layer"]
    of_sites = (
        table.assign(**logs, on_edge=on_edge)
        .groupby([*keys, "dataset", "site_id"], sort=False)
        .agg(
            {
                "alpha": "median",
                "lowest": "median",
                "highest": "median",
                "on_edge": "max",
                "n_train": "median",
            }
        )
        .reset_index()
    )
    known = of_sites[of_sites["alpha"].notna()].groupby(keys, sort=False)
    found = pd.DataFrame(
        {
            **{name: known["alpha"].quantile(centile) for name, centile in CENTILES.items()},
            "lowest": known["lowest"].median(),
            "highest": known["highest"].median(),
        }
    )
    return (
        (10.0**found)
        .assign(
            on_edge=known["on_edge"].mean(),
            n_sites=known.size(),
            n_train=known["n_train"].median(),
            relative=relative,
        )
        .reset_index()
    )
