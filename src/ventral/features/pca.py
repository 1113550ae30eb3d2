"""Principal components of a layer from its Gram matrix; the train stimuli alone decide them.

With ``K = H G[t, t] H`` and ``λ, U = eigh(K)`` the scores are ``U√λ`` on train stimuli and
``K* U / √λ`` on all others: what ``sklearn.decomposition.PCA(svd_solver="full")`` gives, without
the n × p matrix (Jolliffe, Principal Component Analysis, 2002, section 3.5).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from ventral.errors import VentralError
from ventral.features.gram import centre_on_train


@dataclass(frozen=True)
class PrincipalComponents:
    """Principal components in the order of falling variance.

    Attributes
    ----------
    scores : numpy.ndarray
        (stimuli, k), of all stimuli; the sign makes the largest train score of a component
        positive.
    eigenvalues : numpy.ndarray
        (k,), of K: variances times (train stimuli − 1), in squared activation units.
    explained_variance_ratio : numpy.ndarray
        (k,), of the total variance of the train stimuli.
    rank : int
        Numerical rank of K: the number of eigenvalues above n·eps·λ₁.
    n_train : int
        Number of train stimuli.

    """

    scores: np.ndarray
    eigenvalues: np.ndarray
    explained_variance_ratio: np.ndarray
    rank: int
    n_train: int

    def first(
        self, n_components: int | None, when_rank_is_lower: str = "fail"
    ) -> "PrincipalComponents":
        """Return the first components.

        Parameters
        ----------
        n_components : int or None
            How many; None for all that there are.
        when_rank_is_lower : str
            ``fail``, or ``use_rank`` to take fewer.

        Raises
        ------
        VentralError
            Where the rank is under `n_components` and that is to fail.

        """
        k = len(self.eigenvalues) if n_components is None else n_components
        if k > self.rank:
            if when_rank_is_lower != "use_rank":
                raise VentralError(
                    f"{k} principal components are asked for, but the features of the"
                    f" {self.n_train} train stimuli have rank {self.rank}. Set pca: n_components to"
                    f" {self.rank} or less, or pca: when_rank_is_lower: use_rank"
                )
            k = self.rank
        return PrincipalComponents(
            scores=self.scores[:, :k],
            eigenvalues=self.eigenvalues[:k],
            explained_variance_ratio=self.explained_variance_ratio[:k],
            rank=self.rank,
            n_train=self.n_train,
        )


def fit_all_components(gram: np.ndarray, train: np.ndarray) -> PrincipalComponents:
    """Fit all principal components of the train stimuli and project all stimuli on them.

    Parameters
    ----------
    gram : numpy.ndarray
        (stimuli, stimuli), of all stimuli.
    train : numpy.ndarray
        (train stimuli,) indices.

    Returns
    -------
    PrincipalComponents
        As many as the rank.

    Raises
    ------
    VentralError
        Where the rank is 0.

    """
    centred = centre_on_train(gram, np.arange(len(gram)), train)
    eigenvalues, vectors = eigh(centred[train], driver="evd", overwrite_a=True, check_finite=True)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    total = eigenvalues.clip(min=0).sum()
    noise = len(train) * np.finfo(np.float64).eps * eigenvalues[0]
    rank = min(int((eigenvalues > noise).sum()), len(train) - 1)
    if rank == 0:
        raise VentralError(f"all {len(train)} train stimuli have the same features: no component")
    eigenvalues = eigenvalues[:rank].copy()
    vectors = vectors[:, :rank]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)])
    root = np.sqrt(eigenvalues)
    scores = centred @ (vectors / root)
    scores[train] = vectors * root
    return PrincipalComponents(
        scores=scores,
        eigenvalues=eigenvalues,
        explained_variance_ratio=eigenvalues / total,
        rank=rank,
        n_train=len(train),
    )


def fit_pca(
    gram: np.ndarray,
    train: np.ndarray,
    n_components: int | None,
    when_rank_is_lower: str = "fail",
) -> PrincipalComponents:
    """Fit principal components on the train stimuli and project all stimuli.

    Parameters are those of `fit_all_components` and of `PrincipalComponents.first`, and so is what
    is raised.
    """
    return fit_all_components(gram, train).first(n_components, when_rank_is_lower)
