"""Leave sites out of the responses: those that are named, and those that are not reliable."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from ventral.data.responses import Responses
from ventral.errors import VentralError, suggest
from ventral.scores.ceilings import split_half_reliability

log = logging.getLogger(__name__)

KEY = "responses: sites:"


def choose_sites(responses: Responses, settings: Mapping) -> Responses:
    """Leave out sites by name and by their reliability, and log which.

    Parameters
    ----------
    responses : Responses
        Of all sites.
    settings : Mapping
        Any of ``exclude``, names of sites or patterns of them (``chan_1?``, ``*_bad``);
        ``min_reliability``, the smallest split-half reliability over all stimuli, with ``seed``, of
        its random halves. A site whose reliability is not known is left out too.

    Returns
    -------
    Responses
        Of the other sites, in their order.

    Raises
    ------
    VentralError
        If a name or pattern fits no site, if there are no trials to estimate a reliability from,
        and if no site is left.
    """
    named = _named(responses, settings.get("exclude", ()))
    kept = _without(responses, named, "exclude")
    least = settings.get("min_reliability")
    if least is not None:
        reliability = _reliability(kept, settings["seed"])
        low = ~(reliability >= least)
        kept = _without(kept, low, f"min_reliability ({least:g})", reliability)
    _warn_of_missing(kept)
    return kept


def _named(responses: Responses, patterns: list[str] | tuple[()]) -> np.ndarray:
    site_id = [str(name) for name in responses.sites["site_id"]]
    named = np.zeros(len(site_id), bool)
    for pattern in patterns:
        fits = np.array([name == pattern or fnmatchcase(name, pattern) for name in site_id])
        if not fits.any():
            raise VentralError(
                f"{KEY} exclude: {pattern!r} fits no site; {suggest(pattern, site_id)}"
            )
        named |= fits
    return named


def _reliability(responses: Responses, seed: int) -> np.ndarray:
    """Return the reliability of each site as `ventral.scores.ceilings` will estimate it."""
    if responses.repetitions is None:
        raise VentralError(
            f"{KEY} min_reliability: the data set has no single trials, so the reliability of its"
            " sites is not known; remove the key, or name the sites under exclude"
        )
    present = ~np.isnan(responses.repetitions).all(axis=(1, 2))
    trials = responses.repetitions[present].astype(np.float32).astype(np.float64)  # as stored
    return split_half_reliability(trials, seed)


def _without(
    responses: Responses, out: np.ndarray, key: str, reliability: np.ndarray | None = None
) -> Responses:
    if not out.any():
        return responses
    names = responses.sites["site_id"].to_numpy()[out]
    shown = [str(name) for name in names]
    if reliability is not None:
        values = [f"{value:.3f}" if value == value else "unknown" for value in reliability[out]]
        shown = [f"{name} ({value})" for name, value in zip(shown, values, strict=True)]
    if out.all():
        raise VentralError(f"{KEY} {key} leaves none of the {len(out)} sites: {', '.join(shown)}")
    log.info("%d of %d sites are left out by %s: %s", out.sum(), len(out), key, ", ".join(shown))
    kept = ~out
    return replace(
        responses,
        sites=responses.sites[kept].reset_index(drop=True),
        average=responses.average[:, kept],
        repetitions=None if responses.repetitions is None else responses.repetitions[:, kept],
        noise_variance=(
            None if responses.noise_variance is None else responses.noise_variance[:, kept]
        ),
        truth={name: values[:, kept] for name, values in responses.truth.items()},
    )


def _warn_of_missing(responses: Responses) -> None:
    """Warn of sites that lack responses to stimuli to which others have some."""
    absent = np.isnan(responses.average)
    answered = ~absent.all(axis=1)
    missing = absent[answered].sum(axis=0)
    site_id = responses.sites["site_id"].to_numpy()
    if missing.any():
        row, site = np.argwhere(absent & answered[:, None])[0]
        log.warning(
            "%d of %d sites lack responses to some stimuli (%d of %d responses; the first is"
            " stimulus %r at site %r): each is fitted and scored on the stimuli that it has",
            (missing > 0).sum(),
            len(site_id),
            missing.sum(),
            answered.sum() * len(site_id),
            str(responses.stimulus_id[row]),
            str(site_id[site]),
        )
    silent = missing == answered.sum()
    if silent.any():
        log.warning(
            "%d sites have no responses at all and are counted as undefined: %s. Leave them out"
            " with %s exclude",
            silent.sum(),
            ", ".join(map(str, site_id[silent])),
            KEY,
        )
