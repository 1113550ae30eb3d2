"""How the alpha of ridge_cv is best chosen: grid, components and way, on real sessions.

``PYTHONPATH=src python benchmarks/alpha_choice.py RESULTS [SPLITS]`` reads the Gram matrices and
the responses of every data set in a folder of results, and draws SPLITS (3) random splits into 4/5
train and 1/5 test. Shown is the explained variance on test, as a mean over sites and splits. An
alpha is chosen for each site, by leave-one-out on components of all train stimuli, or by 10 folds
with components of their own (`choose_alpha`). All numbers go to ``alpha_choice.csv``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.data.responses import read_responses
from ventral.features.pca import fit_pca
from ventral.readouts.fold_errors import fold_errors
from ventral.readouts.regression import (
    alpha_grid,
    fit_linear,
    fit_ridge_cv,
    leave_one_out_errors,
)
from ventral.scores.measures import explained_variance
from ventral.storage.store import Store

GRIDS = {
    "absolute, 26 from 1e-12 to 1e12": {"low": -12, "high": 12, "count": 26, "relative": False},
    "relative, 2 a decade": {"low": -6, "high": 6, "count": 25, "relative": True},
    "relative, 8 a decade": {"low": -6, "high": 6, "count": 97, "relative": True},
    "relative, 32 a decade": {"low": -6, "high": 6, "count": 385, "relative": True},
}
COMPONENTS = {"500": 500, "all": None}


def scores_of(gram, responses, train, test):
    """Yield (grid, components, way, mean explained variance on test, fraction on an edge)."""
    y = responses[train]
    for name, k in COMPONENTS.items():
        pcs = fit_pca(gram, train, k, "use_rank")
        fitted = pcs.scores[train]
        linear = fit_linear(fitted, pcs.eigenvalues, y).predict(pcs.scores[test])
        yield "none (linear)", name, "none", explained_variance(responses[test], linear).mean(), 0.0
        for grid, settings in GRIDS.items():
            alphas = alpha_grid(settings, pcs.eigenvalues, len(train))
            for way in ("leave_one_out", "k_fold"):
                if way == "k_fold" and "8 a" not in grid:
                    continue
                errors = (
                    leave_one_out_errors(fitted, pcs.eigenvalues, y, alphas)
                    if way == "leave_one_out"
                    else fold_errors(gram[np.ix_(train, train)], y, len(pcs.eigenvalues), alphas)
                )
                readout = fit_ridge_cv(fitted, pcs.eigenvalues, y, alphas, errors=errors)
                predicted = readout.predict(pcs.scores[test])
                mean = explained_variance(responses[test], predicted).mean()
                yield grid, name, way, mean, readout.alpha_on_edge.mean()


def main(results: Path, n_splits: int) -> None:
    """Print a table."""
    rows = []
    for dataset in sorted(path.parent for path in results.glob("*/responses.zarr")):
        responses = read_responses(dataset / "responses.zarr", repetitions=False).average
        for path in sorted((dataset / "gram").glob("*/main.zarr")):
            store = Store(path)
            for layer in (name for name in store.manifest if not name.startswith("stimulus")):
                gram = store.read(layer)
                for split in range(n_splits):
                    order = np.random.default_rng(split).permutation(len(gram))
                    cut = len(gram) * 4 // 5
                    train, test = np.sort(order[:cut]), np.sort(order[cut:])
                    rows += [
                        (dataset.name, path.parent.name, layer, split, *row)
                        for row in scores_of(gram, responses, train, test)
                    ]
                print(dataset.name, path.parent.name, layer, file=sys.stderr, flush=True)
    names = ["session", "model", "layer", "split", "grid", "components", "way", "ev", "edge"]
    table = pd.DataFrame(rows, columns=names)
    table.to_csv("alpha_choice.csv", index=False)
    for keys in (["session"], ["model", "layer"]):
        shown = table.pivot_table("ev", ["components", "grid", "way"], keys)
        shown.columns = [" ".join(np.atleast_1d(name)) for name in shown.columns]
        shown["mean"] = table.groupby(["components", "grid", "way"])["ev"].mean()
        print(shown.round(4).reset_index().to_markdown(index=False), "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the folder of a finished run")
    parser.add_argument("n_splits", type=int, nargs="?", default=3)
    main(**vars(parser.parse_args()))
