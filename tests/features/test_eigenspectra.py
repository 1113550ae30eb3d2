"""Facts of eigenspectra, against scikit-learn, the exact jackknife and known spectra."""

import numpy as np
import pytest
from scipy.stats import linregress
from sklearn.decomposition import PCA

from ventral.features.pca import fit_all_components
from ventral.features.spectra import (
    FIRST_RANK,
    components_for,
    describe_spectrum,
    fit_power_law,
    participation_ratio,
)


def draw(rng, n, p, exponent):
    return rng.normal(size=(n, p)) * np.arange(1, p + 1.0) ** (-exponent / 2)


def spectrum_of(features):
    found = fit_all_components(features @ features.T, np.arange(len(features)))
    return describe_spectrum(found.scores, found.eigenvalues)


@pytest.mark.parametrize("exponent", [0.8, 1.5])
def test_it_agrees_with_scikit_learn_and_scipy(exponent):
    features = draw(np.random.default_rng(0), 120, 300, exponent)
    variances = PCA(svd_solver="full").fit(features).explained_variance_[:119]
    found = spectrum_of(features)
    law = found.power_law
    assert (law.first, law.last) == (FIRST_RANK, 59)
    ranks = np.arange(law.first, law.last + 1)
    line = linregress(np.log(ranks), np.log(variances[ranks - 1]))
    assert law.exponent.value == pytest.approx(-line.slope, abs=1e-9)
    assert law.r2 == pytest.approx(line.rvalue**2, abs=1e-9)
    expected = variances.sum() ** 2 / (variances**2).sum()
    assert found.effective_dimensionality.value == pytest.approx(expected, rel=1e-9)
    within = PCA(0.9, svd_solver="full").fit(features).n_components_
    assert found.components_for_most.value == within


def test_intervals_are_those_of_the_exact_jackknife():
    """Each stimulus left out in turn, and everything decomposed again."""
    rng, n = np.random.default_rng(1), 150
    features = draw(rng, n, 60, 1.0)
    found = spectrum_of(features)
    values = []
    for left_out in range(n):
        one = spectrum_of(np.delete(features, left_out, axis=0))
        values.append((one.power_law.exponent.value, np.log(one.effective_dimensionality.value)))
    deviations = np.sqrt((n - 1) * np.var(values, axis=0))
    law, size = found.power_law.exponent, found.effective_dimensionality
    assert (law.high - law.low) / 2 / 1.96 == pytest.approx(deviations[0], rel=0.15)
    assert np.log(size.high / size.low) / 2 / 1.96 == pytest.approx(deviations[1], rel=0.05)


def test_intervals_cover_what_other_stimuli_give():
    """Of the value that this number of stimuli has on average: its bias is not in the interval."""
    rng = np.random.default_rng(2)
    drawn = [spectrum_of(draw(rng, 150, 60, 1.0)) for _ in range(200)]
    for name in ("effective_dimensionality", "components_for_most"):
        estimates = [getattr(one, name) for one in drawn]
        centre = np.mean([one.value for one in estimates])
        covered = np.mean([one.low <= centre <= one.high for one in estimates])
        assert covered >= 0.85, name  # whole numbers of components are coarse
    laws = [one.power_law.exponent for one in drawn]
    centre = np.mean([law.value for law in laws])
    assert np.mean([law.low <= centre <= law.high for law in laws]) >= 0.9


@pytest.mark.parametrize(
    ("exponent", "expected"), [(0.7, 0.46), (1.0, 0.80), (1.5, 1.43), (2, 2.03)]
)
def test_the_bias_of_few_stimuli_is_what_the_docstring_says(exponent, expected):
    features = draw(np.random.default_rng(0), 400, 4000, exponent)
    assert spectrum_of(features).power_law.exponent.value == pytest.approx(expected, abs=0.03)


def test_an_exact_power_law_is_found_exactly():
    eigenvalues = 3 * np.arange(1, 201.0) ** -1.3
    squares = np.full((300, 200), eigenvalues / 300)  # all stimuli alike: no uncertainty
    law = fit_power_law(squares, eigenvalues)
    np.testing.assert_allclose(law.exponent, 1.3, rtol=1e-12)
    assert law.r2 == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("rank", [1, 4, 50])
def test_of_equal_eigenvalues_all_components_count(rank):
    eigenvalues = np.ones(rank)
    squares = np.full((80, rank), 1 / 80)
    np.testing.assert_allclose(participation_ratio(squares, eigenvalues), rank)
    np.testing.assert_allclose(components_for(squares, eigenvalues, 0.9), np.ceil(0.9 * rank))


def test_few_components_have_no_exponent_but_the_other_facts():
    features = np.random.default_rng(4).normal(size=(50, 3))
    facts = spectrum_of(features).facts()
    assert np.isnan(facts["power_law_exponent"]) and np.isnan(facts["power_law_r2"])
    assert facts["components_for_90_low"] <= facts["components_for_90"] <= 3
    single = spectrum_of(np.arange(5.0)[:, None]).facts()
    assert single["effective_dimensionality"] == 1 and single["components_for_90_high"] == 1
    assert single["effective_dimensionality_low"] == pytest.approx(1)
