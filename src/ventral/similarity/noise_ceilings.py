"""How similar a perfect model can be to responses that are averages of few trials."""

from typing import NamedTuple

import numpy as np

from ventral.similarity.measure import MEASURES, Geometry, measure

N_SPLITS_IN_HALF = 10


class NoiseCeilings(NamedTuple):
    """Between which values the similarity of a perfect model lies, (n_measures,) each.

    Attributes
    ----------
    lower : ndarray
        Of two halves of the trials. Both have the noise of half of the trials, and a perfect model
        has none, so it is more similar to the average than this.
    upper : ndarray
        Of half of the trials and the average of all, which share noise that no model knows.
    """

    lower: np.ndarray
    upper: np.ndarray


UNKNOWN = NoiseCeilings(np.full(len(MEASURES), np.nan), np.full(len(MEASURES), np.nan))


def noise_ceilings(repetitions: np.ndarray, seed: int) -> NoiseCeilings:
    """Return the noise ceilings of a population of sites.

    The logic is that of Nili et al., with random halves of the trials in the place of subjects. For
    the correlation of one site, with noise of variance v in the average and a signal of variance 1,
    the lower one is ``1 / (1 + 2v)``, that of a perfect model is ``1 / √(1 + v)``, and the upper
    one is ``√((1 + v) / (1 + 2v))``. Of biased measures (CKA, the Procrustes distance) of few
    stimuli the lower one can be too high, because noise alone looks similar to them.

    Parameters
    ----------
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions)
        Responses on single trials; NaN for a missing trial.
    seed : int
        Of the random halves.

    Returns
    -------
    NoiseCeilings
        Means over `N_SPLITS_IN_HALF` random halves, of the stimuli that have two trials or more at
        every site. NaN if those are fewer than half of the stimuli.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014.
    """
    n_trials = (~np.isnan(repetitions)).sum(axis=2)
    repeated = (n_trials >= 2).all(axis=1)
    if 2 * repeated.sum() < len(repetitions):
        return UNKNOWN
    trials, n_trials = repetitions[repeated], n_trials[repeated]
    average = Geometry.of_responses(np.nanmean(trials, axis=2))
    rng = np.random.default_rng(seed)
    absent = np.isnan(trials)
    # Sites that are recorded together have their trials in the same half, and share its noise.
    pattern = absent[:, :1] if (absent == absent[:, :1]).all() else absent
    lower, upper = [], []
    for _ in range(N_SPLITS_IN_HALF):
        keys = np.where(pattern, np.inf, rng.random((len(trials), 1, trials.shape[2])))
        is_first = keys.argsort(axis=2).argsort(axis=2) < (n_trials[..., None] // 2)
        first, second = (
            Geometry.of_responses(np.nanmean(np.where(chosen, trials, np.nan), axis=2))
            for chosen in (is_first, ~is_first)
        )
        lower.append(measure(first, second))
        upper.append(np.mean([measure(half, average) for half in (first, second)], axis=0))
    return NoiseCeilings(np.mean(lower, axis=0), np.mean(upper, axis=0))


def animal_ceilings(responses: np.ndarray, animals: np.ndarray) -> NoiseCeilings:
    """Return the noise ceilings between animals.

    Parameters
    ----------
    responses : ndarray, (n_stimuli, n_sites)
        Finite, of sites of a region.
    animals : ndarray, (n_sites,)
        The animal of each site; "" where it has no name, and then the site is left out.

    Returns
    -------
    NoiseCeilings
        The similarity of the sites of each animal and those of the others (lower), and of them and
        those of all, which they are part of (upper); means over animals. NaN of one animal.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014.
    """
    names = [name for name in dict.fromkeys(animals) if name]
    if len(names) < 2:
        return UNKNOWN
    whole = Geometry.of_responses(responses[:, animals != ""])
    lower, upper = [], []
    for name in names:
        own = Geometry.of_responses(responses[:, animals == name])
        others = Geometry.of_responses(responses[:, (animals != name) & (animals != "")])
        lower.append(measure(own, others))
        upper.append(measure(own, whole))
    return NoiseCeilings(np.mean(lower, axis=0), np.mean(upper, axis=0))
