"""Linear CKA, debiased CKA and whitened RDM correlation: three ratios of the same three means.

Of two matrices D and E of squared distances let, over different stimuli i, j, q, r,
``α = mean D[i, j] E[i, j]``, ``β = mean D[i, j] E[i, q]`` and ``γ = mean D[i, j] E[q, r]``. Each
measure is ``⟨D, E⟩ / √(⟨D, D⟩ ⟨E, E⟩)`` of a product that is linear in the three:

- CKA: ``4 tr(K L)``, of the centred Gram matrices K and L (Kornblith et al., ICML 2019);
- debiased CKA: ``α − 2β + γ``, the unbiased estimator of HSIC (Song et al., JMLR 2012), which is
  also the unbiased distance covariance of squared distances (Székely and Rizzo, J. Multivar. Anal.
  2013). Independent representations have 0, however many features they have;
- whitened RDM correlation: the correlation of the distances, whitened with the covariance that
  estimates of distances have because they share stimuli. In Gram matrices it is
  ``4 (tr(K L) − tr(K) tr(L) / (n − 1))`` (Diedrichsen et al., arXiv:2007.02789).

A resample of stimuli is a vector of counts. A stimulus and its copy have distance 0 in every
representation: such pairs would make all of them alike. Means over *different* stimuli leave them
out.
"""

from typing import NamedTuple

import numpy as np

FEWEST = 4
"""Different stimuli without which the means are not defined."""


class PairMeans(NamedTuple):
    """Means of products of distances, over two, three or four different stimuli.

    Attributes
    ----------
    same : float
        α, of the distance between the same two stimuli.
    shared : float
        β, of distances that share a stimulus.
    apart : float
        γ, of distances that share none.
    """

    same: float
    shared: float
    apart: float


class Alignment(NamedTuple):
    """The three measures, at most 1; NaN if a representation is constant."""

    cka: float
    cka_debiased: float
    rsa_whitened: float


def pair_means(
    first: np.ndarray, second: np.ndarray, counts: np.ndarray | None = None
) -> PairMeans:
    """Return the means of products of two distance matrices.

    Parameters
    ----------
    first, second : ndarray, (n, n)
        Symmetric, 0 on the diagonal.
    counts : ndarray, (n,), optional
        How often each stimulus is drawn; by default once.

    Returns
    -------
    PairMeans
        NaN with fewer than `FEWEST` different stimuli.

    Notes
    -----
    All three are taken over the same quadruples of different stimuli, each with the product of its
    four counts, so an offset of a stimulus's distances cancels in ``α − 2β + γ`` for any counts.
    The sums over quadruples are found by inclusion and exclusion, at the cost of six products of a
    matrix and a vector.
    """
    w = np.ones(len(first)) if counts is None else np.asarray(counts, float)
    if (w > 0).sum() < FEWEST:
        return PairMeans(np.nan, np.nan, np.nan)
    w2, w3 = w**2, w**3
    powers = np.stack([w, w2, w3], axis=1)
    s1, s2, s3, s4 = w.sum(), w2.sum(), w3.sum(), (w**4).sum()
    a, b = first @ powers[:, :2], second @ powers[:, :2]
    product = powers.T @ ((first * second) @ powers)  # Σ wᵢᵃ wⱼᵇ D[i, j] E[i, j], by powers

    def both(i: int, j: int, q: int) -> float:
        """Return Σ wᵢⁱ wⱼʲ w_q^q D[i, j] E[i, q] over different j and q."""
        return float(powers[:, i - 1] @ (a[:, j - 1] * b[:, q - 1]) - product[i - 1, j + q - 1])

    same = (s1**2 - s2) * product[0, 0] - 4 * s1 * product[1, 0]
    same += 4 * product[2, 0] + 2 * product[1, 1]
    shared = s1 * both(1, 1, 1) - both(2, 1, 1) - both(1, 2, 1) - both(1, 1, 2)
    apart = (w @ a[:, 0]) * (w @ b[:, 0]) - 4 * both(2, 1, 1) - 2 * product[1, 1]
    quadruples = s1**4 - 6 * s1**2 * s2 + 3 * s2**2 + 8 * s1 * s3 - 6 * s4
    return PairMeans(same / quadruples, shared / quadruples, apart / quadruples)


def align(first: PairMeans, second: PairMeans, both: PairMeans, n: int) -> Alignment:
    """Return the three measures.

    Parameters
    ----------
    first, second : PairMeans
        Of each representation with itself.
    both : PairMeans
        Of the two.
    n : int
        Number of stimuli, also of a resample.
    """
    return Alignment(
        *(
            _ratio(product(both, n), product(first, n), product(second, n))
            for product in (_centred, _debiased, _whitened)
        )
    )


def _sums(means: PairMeans, n: int) -> tuple[float, float, float]:
    """Return Σ D[i,j] E[i,j], Σ (D1)ᵢ (E1)ᵢ and 1ᵀD1 · 1ᵀE1 of n different stimuli."""
    same = n * (n - 1) * means.same
    rows = same + n * (n - 1) * (n - 2) * means.shared
    total = 4 * rows - 2 * same + n * (n - 1) * (n - 2) * (n - 3) * means.apart
    return same, rows, total


def _centred(means: PairMeans, n: int) -> float:
    same, rows, total = _sums(means, n)
    return same - 2 / n * rows + total / n**2


def _debiased(means: PairMeans, n: int) -> float:
    return means.same - 2 * means.shared + means.apart


def _whitened(means: PairMeans, n: int) -> float:
    same, rows, total = _sums(means, n)
    return same - 2 / n * rows + total * (n - 2) / (n**2 * (n - 1))


def _ratio(both: float, first: float, second: float) -> float:
    """Return the normalised product; the debiased square of a constant or of noise is not > 0."""
    return both / np.sqrt(first * second) if first > 0 and second > 0 else np.nan


def measure_alignment(first: np.ndarray, second: np.ndarray) -> Alignment:
    """Return the three measures of two matrices of squared distances, (n, n)."""
    squares = pair_means(first, first), pair_means(second, second)
    return align(*squares, pair_means(first, second), len(first))
