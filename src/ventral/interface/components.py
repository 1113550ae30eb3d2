"""Principal components of an array of features."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from ventral.errors import VentralError
from ventral.features.gram import gram_of_array
from ventral.features.pca import PrincipalComponents, fit_all_components
from ventral.interface.arrays import as_matrix, back_project, check_columns, column_means


@dataclass(frozen=True)
class Components:
    """Principal components in the order of falling variance.

    Attributes
    ----------
    scores : (n, k) float64 array
        The stimuli on the components; the sign makes the largest score of a component positive.
    eigenvalues : (k,) float64 array
        Variance of each component times (n − 1), in squared units of the features.
    explained_variance_ratio : (k,) float64 array
        Share of the total variance.
    rank : int
        Numerical rank of the centred features: eigenvalues above n·eps·λ₁.
    mean : (p,) float64 array
        Mean of each feature.

    """

    scores: np.ndarray
    eigenvalues: np.ndarray
    explained_variance_ratio: np.ndarray
    rank: int
    mean: np.ndarray
    _features: np.ndarray = field(repr=False)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return other stimuli on the components, (stimuli, k).

        Parameters
        ----------
        X : (stimuli, p) array-like
            Features in the same order as those of the fit.

        Raises
        ------
        VentralError
            For another number of features, or values that are not finite.

        """
        features = as_matrix(X, "X", "feature")
        check_columns(features, len(self.mean), "X", "feature")
        dual = self.scores / self.eigenvalues
        scores = np.zeros((len(features), len(self.eigenvalues)))
        for columns, weights in back_project(self._features, self.mean, dual):
            scores += (features[:, columns] - self.mean[columns]) @ weights
        return scores

    def directions(self) -> np.ndarray:
        """Return the unit vector of each component in the space of the features, (k, p).

        They are computed on request, because for many components they are as large as the features.
        """
        directions = np.empty((len(self.eigenvalues), len(self.mean)))
        dual = self.scores / self.eigenvalues
        for columns, weights in back_project(self._features, self.mean, dual):
            directions[:, columns] = weights.T
        return directions


def pca(X: ArrayLike, n_components: int | None = None) -> Components:
    """Return the principal components of features.

    Where features outnumber stimuli, the components come from the Gram matrix of the stimuli: one
    pass over the features, and no second copy of them (Jolliffe, Principal Component Analysis,
    2002, section 3.5). They equal ``sklearn.decomposition.PCA(svd_solver="full")`` up to sign.

    Parameters
    ----------
    X : (n, p) array-like
        Features of each stimulus. The result refers to this array: do not change it in place.
    n_components : int, optional
        k; by default all that the numerical rank allows.

    Returns
    -------
    Components

    Raises
    ------
    VentralError
        Where the features are constant, not finite, or of lower rank than `n_components`.

    Examples
    --------
    >>> import numpy as np
    >>> import ventral
    >>> X = np.random.default_rng(0).normal(size=(50, 2000))
    >>> components = ventral.pca(X, n_components=10)
    >>> components.scores.shape
    (50, 10)
    >>> bool(np.allclose(components.transform(X), components.scores))
    True

    """
    features = as_matrix(X, "X", "feature")
    found = decompose(features)
    k = found.rank if n_components is None else n_components
    if not 1 <= k <= found.rank:
        raise VentralError(
            f"n_components is {k}, but the {len(features)} stimuli and {features.shape[1]} features"
            f" of X have rank {found.rank}: set n_components to at most {found.rank}"
        )
    return Components(
        scores=found.scores[:, :k],
        eigenvalues=found.eigenvalues[:k],
        explained_variance_ratio=found.explained_variance_ratio[:k],
        rank=found.rank,
        mean=column_means(features),
        _features=features,
    )


def decompose(features: np.ndarray) -> PrincipalComponents:
    """Return all principal components of features, from the smaller of the two product matrices.

    Parameters
    ----------
    features : (n, p) array
        Finite real numbers.

    Returns
    -------
    PrincipalComponents

    Raises
    ------
    VentralError
        Where all stimuli have the same features.

    """
    n, p = features.shape
    if p >= n:
        return fit_all_components(gram_of_array(features), np.arange(n))
    centred = features - column_means(features)
    eigenvalues, directions = eigh(centred.T @ centred, driver="evd", overwrite_a=True)
    eigenvalues, directions = eigenvalues[::-1], directions[:, ::-1]
    noise = n * np.finfo(np.float64).eps * eigenvalues[0]
    rank = int((eigenvalues > noise).sum())
    if rank == 0:
        raise VentralError(f"all {n} train stimuli have the same features: no component")
    scores = centred @ directions[:, :rank]
    scores *= np.sign(scores[np.abs(scores).argmax(axis=0), np.arange(rank)])
    # The squared length of the scores is a small eigenvalue's more accurate value.
    kept = (scores**2).sum(axis=0)
    total = eigenvalues.clip(min=0).sum()
    return PrincipalComponents(scores, kept, kept / total, rank, n_train=n)
