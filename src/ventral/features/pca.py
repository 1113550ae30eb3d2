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

    scores: (n, k), all stimuli; the sign makes the largest train score of a component positive.
    eigenvalues: (k,), of K: variances times (train stimuli − 1), in squared activation units.
    explained_variance_ratio: (k,), of the total variance of the train stimuli.
    rank: numerical rank of K: eigenvalues above n·eps·λ₁.
    """

    scores: np.ndarray
    eigenvalues: np.ndarray
    explained_variance_ratio: np.ndarray
    rank: int


def fit_pca(
    gram: np.ndarray,
    train: np.ndarray,
    n_components: int | None,
    when_rank_is_lower: str = "fail",
) -> PrincipalComponents:
    """Fit principal components on the train stimuli and project all stimuli.

    gram: (n, n), of all stimuli. train: (n_train,) indices. n_components: k, or None for all that
    the numerical rank allows. when_rank_is_lower: ``fail``, or ``use_rank`` to take fewer.

    Raises `VentralError` where the rank is 0, or under n_components and that is to fail.
    """
    centred = centre_on_train(gram, np.arange(len(gram)), train)
    eigenvalues, vectors = eigh(centred[train], driver="evd", overwrite_a=True, check_finite=True)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    total = eigenvalues.clip(min=0).sum()
    noise = len(train) * np.finfo(np.float64).eps * eigenvalues[0]
    rank = min(int((eigenvalues > noise).sum()), len(train) - 1)
    if rank == 0:
        raise VentralError(f"all {len(train)} train stimuli have the same features: no component")
    k = rank if n_components is None else n_components
    if k > rank:
        if when_rank_is_lower != "use_rank":
            raise VentralError(
                f"{k} principal components are asked for, but the features of the {len(train)}"
                f" train stimuli have rank {rank}. Set pca: n_components to {rank} or less, or"
                " pca: when_rank_is_lower: use_rank"
            )
        k = rank
    eigenvalues = eigenvalues[:k].copy()
    vectors = vectors[:, :k]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(k)])
    root = np.sqrt(eigenvalues)
    scores = centred @ (vectors / root)
    scores[train] = vectors * root
    return PrincipalComponents(scores, eigenvalues, eigenvalues / total, rank)
