"""PLS on the scores of all components against scikit-learn's on the features themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.features.pca import fit_pca
from ventral.readouts.fit import fit_readout
from ventral.readouts.pls import fit_pls


def make(n, p, sites, seed=0):
    """Draw features of uneven scale and offset, and responses that follow them."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, p)) * np.geomspace(1, 0.05, p) + rng.normal(size=p)
    responses = features @ rng.normal(size=(p, sites)) + rng.normal(size=(n, sites)) + 3
    return features, responses


def components(features, train):
    centred = features - features.mean(axis=0)
    found = fit_pca(centred @ centred.T, train, None)
    return found.scores, found.eigenvalues


# wide, tall, of deficient rank, one site, one latent component
@pytest.mark.parametrize(
    ("n", "p", "sites", "latent"), [(40, 150, 6, 5), (90, 7, 3, 7), (60, 30, 1, 4), (50, 80, 9, 1)]
)
@pytest.mark.parametrize("deficient", [False, True])
def test_scores_of_all_components_stand_for_the_features(n, p, sites, latent, deficient):
    features, responses = make(n, p, sites)
    if deficient:
        features = np.hstack([features, features[:, ::-1] * 2])
    train, test = np.arange(n - 15), np.arange(n - 15, n)
    scores, eigenvalues = components(features, train)
    readout = fit_pls(scores[train], eigenvalues, responses[train], latent)
    theirs = PLSRegression(latent, scale=False)
    theirs.fit(features[train], responses[train])
    expected = theirs.predict(features).reshape(n, sites)
    np.testing.assert_allclose(readout.predict(scores), expected, rtol=1e-6, atol=1e-6)
    # The dual coefficients give the same predictions from inner products with train stimuli.
    centred = features - features[train].mean(axis=0)
    kernel = centred[test] @ centred[train].T
    np.testing.assert_allclose(
        kernel @ readout.dual_coefficients + readout.intercept, expected[test], rtol=1e-5, atol=1e-5
    )


def a_recording(responses, regions):
    sites = pd.DataFrame({"site_id": range(len(regions)), "region": regions, "animal": ""})
    ids = np.array([f"s{i}" for i in range(len(responses))], object)
    return Responses(ids, sites, responses)


def test_each_region_has_its_own_latent_components():
    features, responses = make(60, 100, 5)
    train = np.arange(45)
    scores, eigenvalues = components(features, train)
    settings = {"method": "pls", "features": "raw", "n_components": 3}
    regions = ["IT", "V4", "IT", "V4", "IT"]
    recording = a_recording(responses, regions)
    readout, read = fit_readout(settings, scores, eigenvalues, recording, train)
    assert read.shape == scores.shape  # n_components are latent: all components are read
    for region in ("IT", "V4"):
        inside = np.array(regions) == region
        alone = fit_pls(scores[train], eigenvalues, responses[train][:, inside], 3)
        together = readout.predict(scores)[:, inside]
        np.testing.assert_allclose(together, alone.predict(scores))
    whole = fit_pls(scores[train], eigenvalues, responses[train], 3).predict(scores)
    assert np.abs(whole - readout.predict(scores)).max() > 1e-3


def test_a_constant_site_is_predicted_by_its_mean():
    features, responses = make(40, 60, 3)
    responses[:, 1] = 2.5
    scores, eigenvalues = components(features, np.arange(30))
    both = fit_pls(scores[:30], eigenvalues, responses[:30], 4).predict(scores)
    np.testing.assert_array_equal(both[:, 1], 2.5)
    alone = fit_pls(scores[:30], eigenvalues, responses[:30][:, [0, 2]], 4).predict(scores)
    np.testing.assert_allclose(both[:, [0, 2]], alone, rtol=1e-10)


def test_too_many_latent_components_say_both_numbers():
    features, responses = make(40, 6, 2)
    scores, eigenvalues = components(features, np.arange(30))
    with pytest.raises(VentralError, match=r"have 7 latent components, but .* have 6 components"):
        fit_pls(scores[:30], eigenvalues, responses[:30], 7)
