"""Single sites as examples of good and of poor predictions: what was recorded and predicted."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.readouts.fit_store import StoredFit
from ventral.scores.reporting import committed_rows, regions_in_order
from ventral.scores.score import fit_to_score, samples_of

SCORE = "explained_variance"
MEAN = f"{SCORE}_mean"
CENTILES = (10, 50, 90)
MOST_MODELS = 3
"""Models that are shown of each region."""

COLUMNS = (
    "region",
    "model",
    "layer",
    "centile",
    "site_id",
    SCORE,
    "n_sites",
    "n_stimuli",
    "recorded",
    "predicted",
)


def sites_at_centiles(scores: pd.Series, centiles: Sequence[float] = CENTILES) -> dict[float, str]:
    """Return the site that is nearest to each centile of a score.

    Parameters
    ----------
    scores : Series, (n_sites,)
        By site; undefined scores are left out.
    centiles : sequence of float
        Between 0 and 100.

    Returns
    -------
    dict
        {centile: site}, each site once: of few sites there are fewer than centiles.
    """
    ranked = scores.dropna().sort_values(kind="stable")
    found: dict[float, str] = {}
    for centile in centiles if len(ranked) else ():
        site = str(ranked.index[round(centile / 100 * (len(ranked) - 1))])
        if site not in found.values():
            found[centile] = site
    return found


def example_sites(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    responses: Mapping[str, Responses],
    read: Callable[[str, str, str, str], Mapping[str, StoredFit]],
    split: str,
    readout: str,
) -> pd.DataFrame:
    """Return the recorded and the predicted responses of some sites of each region.

    The sites are those at the `CENTILES` of the score of the region's best model. The
    `MOST_MODELS` best models are given, each at its committed layer, and all at the same sites.

    Parameters
    ----------
    scores, summary : DataFrame
        ``scores.csv`` and ``summary.csv`` of a data set or a pool, at the committed settings of
        sweeps.
    responses : Mapping
        Responses of the data set, or of each data set of the pool, by name.
    read : callable
        Gives the fits by partition of a data set, a model's variant, readout and layer.
    split, readout : str
        Which scores are meant.

    Returns
    -------
    DataFrame
        With `COLUMNS`: a row for each stimulus, site and model, in the unit of the responses.
        ``explained_variance`` is the site's, of `scores`; ``n_stimuli`` counts those that it has
        responses to. Where the test stimuli of folds overlap, a stimulus has a row for each fold.

    Raises
    ------
    VentralError
        If `responses` lack a site of `scores`.
    """
    chosen = summary[committed_rows(summary) & (summary["split"] == split)]
    chosen = chosen[(chosen["readout"] == readout) & chosen[MEAN].notna()]
    shown = scores[(scores["split"] == split) & (scores["readout"] == readout)]
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    for region in regions_in_order(chosen):
        ranked = chosen[chosen["region"] == region].sort_values(
            MEAN, ascending=False, kind="stable"
        )
        sites: dict[float, str] = {}
        for best in ranked[:MOST_MODELS].to_dict("records"):
            own = shown[
                (shown["region"] == region)
                & (shown["model"] == best["model"])
                & (shown["layer"] == best["layer"])
            ].set_index("site_id")[SCORE]
            sites = sites or sites_at_centiles(own)
            names = best["variant"], best["readout_variant"], best["layer"]
            for centile, site in sites.items():
                recorded, predicted, count = _of_site(site, responses, read, names, split)
                tables.append(
                    pd.DataFrame(
                        {
                            "region": region,
                            "model": best["model"],
                            "layer": best["layer"],
                            "centile": centile,
                            "site_id": site,
                            SCORE: own.get(site, np.nan),
                            "n_sites": int(own.notna().sum()),
                            "n_stimuli": count,
                            "recorded": recorded,
                            "predicted": predicted,
                        }
                    )
                )
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _of_site(
    site: str,
    responses: Mapping[str, Responses],
    read: Callable[[str, str, str, str], Mapping[str, StoredFit]],
    names: tuple[str, str, str],
    split: str,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return what was recorded and predicted of a site, and the number of its stimuli."""
    dataset, column = _place(site, responses)
    found = responses[dataset]
    fits = {
        name: fit_to_score(fit, found, None, name) for name, fit in read(dataset, *names).items()
    }
    samples = samples_of(fits)[split]
    rows = np.concatenate([rows for rows, _, _ in samples])
    recorded = np.concatenate([recorded[:, column] for _, recorded, _ in samples])
    predicted = np.concatenate([predicted[:, column] for _, _, predicted in samples])
    known = ~np.isnan(recorded)
    return recorded[known], predicted[known], len(np.unique(rows[known]))


def _place(site: str, responses: Mapping[str, Responses]) -> tuple[str, int]:
    """Return the data set of a site and its column; sites of a pool are ``data set/site``."""
    for dataset, found in responses.items():
        prefix = f"{dataset}/" if len(responses) > 1 else ""
        names = [f"{prefix}{name}" for name in found.sites["site_id"]]
        if site in names:
            return dataset, names.index(site)
    raise VentralError(f"the responses have no site {site!r}, which scores.csv has")
