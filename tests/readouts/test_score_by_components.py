"""Readouts of the first components, against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge

from ventral.data.responses import Responses
from ventral.features.pca import fit_all_components
from ventral.readouts.fit import fit_readout
from ventral.readouts.score_by_components import (
    RIDGE,
    choose_ridge,
    component_grid,
    predictions_by_components,
)

RNG = np.random.default_rng(5)


def problem(n=60, p=80, sites=4, missing=0.0):
    features = RNG.normal(size=(n, p)) * np.arange(1, p + 1.0) ** -0.5
    values = features @ RNG.normal(size=(p, sites)) + RNG.normal(size=(n, sites))
    values[RNG.random(values.shape) < missing] = np.nan
    table = pd.DataFrame(
        {"site_id": [f"s{i}" for i in range(sites)], "region": "IT", "animal": "a"}
    )
    train = np.sort(RNG.permutation(n)[: n * 2 // 3])
    names = np.array([f"i{i}" for i in range(n)])
    return features, Responses(names, table, values), train


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("p", [80, 7, 1])
def test_each_number_of_components_is_scikit_learns_fit(p, missing):
    features, responses, train = problem(p=p, missing=missing)
    found = fit_all_components(features @ features.T, train)
    grid = component_grid(found.rank)
    alpha = choose_ridge(found.scores, found.eigenvalues, responses, train)
    theirs = PCA(svd_solver="full").fit(features[train])
    scores = theirs.transform(features)
    predicted = predictions_by_components(
        found.scores, found.eigenvalues, responses, train, grid, alpha
    )
    count = 0
    for name, k, predictions in predicted:
        for site in range(4):
            rows = train[~np.isnan(responses.average[train, site])]
            if name == "linear" and k >= len(rows):
                continue  # of minimum norm; see the next test
            model = LinearRegression() if name == "linear" else Ridge(alpha=alpha[site])
            model.fit(scores[rows, :k], responses.average[rows, site])
            expected = model.predict(scores[:, :k])
            np.testing.assert_allclose(predictions[:, site], expected, rtol=0, atol=1e-9)
            count += 1
    assert count >= 7


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_all_components_are_the_readout_of_the_features(missing):
    features, responses, train = problem(missing=missing)
    found = fit_all_components(features @ features.T, train)
    args = (found.scores, found.eigenvalues, responses, train)
    alpha = choose_ridge(*args)
    curves = predictions_by_components(*args, [found.rank], alpha)
    for (name, k, predictions), settings in zip(curves, ({"method": "linear"}, RIDGE), strict=True):
        readout, scores = fit_readout(settings, *args)
        np.testing.assert_allclose(predictions, readout.predict(scores), rtol=0, atol=1e-12)
        assert k == found.rank, name


def test_the_grid_is_logarithmic_and_ends_with_the_rank():
    assert component_grid(1) == [1]
    assert component_grid(10) == [1, 2, 5, 10]
    assert component_grid(799) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 799]
