"""Scores against chance: what they are when the responses are permuted over stimuli.

The predictions stay as they are and no readout is fitted again. So this tests whether predictions
and recorded responses go together on stimuli that the readout has not seen; it does not ask what
another fit, to permuted responses, would have given. docs/chance.md says what is exchanged, and how
often a site without any relation to the features has p under .05.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION
from ventral.errors import naming
from ventral.readouts.fit_store import StoredFit
from ventral.scores.comparisons import p_in_words
from ventral.scores.measures import MEASURES
from ventral.scores.reporting import committed_rows, model_names
from ventral.scores.resampling import CANCELLED, Sample
from ventral.scores.score import Fit, fit_to_score, of_sites, pool_folds, samples_of
from ventral.scores.summary import KEY
from ventral.storage.tables import to_markdown

SITE_MEASURE = "pearson_r"
"""The score of a site that is tested. On one set of stimuli without missing responses explained
variance and R² have the same p: of the permuted sums only that of y·ŷ changes, and all three rise
with it."""

LEVEL = 0.05
"""Of the false discovery rate, over the sites of a region."""

HIGH = 95
"""Percentile of the scores by chance that tables show."""

BYTES_AT_ONCE = 2**26
"""Of the permuted responses that are in memory together."""

TIED = 1e-12
"""A score by chance that is lower by less, a rounding error, is as high."""

SITE_COLUMNS = [
    "layer",
    "region",
    "split",
    "site_id",
    SITE_MEASURE,
    "chance_mean",
    "chance_high",
    "p_value",
    "p_adjusted",
]
REGION_COLUMNS = [
    "layer",
    "region",
    "split",
    "n_sites",
    "n_tested",
    "n_above_chance",
    "n_blocks",
    "n_permutations",
    *(
        f"{measure}_{column}"
        for measure in MEASURES
        for column in ("mean", "chance_mean", "chance_high", "p")
    ),
]
NOTE = (
    "The responses to the stimuli of the split were permuted {count} times against the predictions,"
    " which stay as they are: p is of the association of predictions and responses, one-sided, and"
    " no readout was fitted again. A site is above chance if the p of its Pearson's r is under .05"
    " after Benjamini and Hochberg's correction for the sites of the region. Explained variances"
    " are means over sites; by chance they are below 0, so one below 0 can be above chance."
    " Layers that were chosen on the same stimuli have p that are too small."
)


@dataclass(frozen=True)
class Exchange:
    """Which responses are exchanged with which: blocks of stimuli, with others of the same kind.

    Attributes
    ----------
    classes : tuple of ndarray, (n_blocks, size)
        Of each class the rows of its blocks, which are exchanged with one another; the order within
        a block stays.
    n : int
        Number of rows. One that is in no class stays where it is.
    """

    classes: tuple[np.ndarray, ...]
    n: int

    @classmethod
    def of(cls, strata: np.ndarray, groups: np.ndarray | None = None) -> "Exchange":
        """Find what can be exchanged.

        Parameters
        ----------
        strata : ndarray, (n,)
            Responses are exchanged within a stratum alone.
        groups : ndarray, (n,), optional
            Stimuli whose responses are not independent, such as views of one scene: they move as a
            block, and change places with a block of as many. By default each stimulus is a block.

        Returns
        -------
        Exchange
        """
        n = len(strata)
        labels = np.arange(n) if groups is None else groups
        rows = pd.DataFrame({"stratum": strata, "group": labels, "row": np.arange(n)})
        blocks: dict[tuple, list[np.ndarray]] = {}
        for (stratum, _), found in rows.groupby(["stratum", "group"], sort=False):
            block = found["row"].to_numpy()
            blocks.setdefault((stratum, len(block)), []).append(block)
        return cls(tuple(np.stack(same) for same in blocks.values() if len(same) > 1), n)

    @property
    def n_blocks(self) -> int:
        """How many blocks have another to change places with."""
        return sum(map(len, self.classes))

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return random permutations, (count, n): the row whose responses each row is given."""
        drawn = np.tile(np.arange(self.n), (count, 1))
        keys, start = rng.random((count, self.n_blocks)), 0
        for rows in self.classes:
            order = keys[:, start : start + len(rows)].argsort(axis=1)
            drawn[:, rows.ravel()] = rows[order].reshape(count, -1)
            start += len(rows)
        return drawn


@dataclass(frozen=True)
class HeldOut:
    """The test stimuli of a split, and how their responses may be permuted.

    Attributes
    ----------
    folds : list of tuple
        As of `ventral.scores.score.samples_of`.
    stimuli : ndarray, (n,)
        All that are tested, in ascending order.
    exchange : Exchange
        Of `stimuli`.
    stretch : float
        By how much scores by chance must spread more than the permuted ones do, see
        `spread_of_folds`; 1 without folds.
    """

    folds: list[Sample]
    stimuli: np.ndarray
    exchange: Exchange
    stretch: float = 1.0


def tested_parts(
    fits: Mapping[str, Fit], inside: np.ndarray, groups: np.ndarray | None = None
) -> dict[str, HeldOut]:
    """Return what is tested of some sites of a fit: each split but train, or all folds.

    Responses are exchanged within a test part. Where folds test each stimulus once, they are
    exchanged within a fold, since the predictions of a fold know the mean of all others. Where
    folds share stimuli, one permutation of all stimuli serves all folds.

    Parameters
    ----------
    fits : Mapping
        By partition.
    inside : ndarray of bool, (n_sites,)
        The sites, such as those of a region.
    groups : ndarray, (n_stimuli,), or None
        As of `Exchange.of`, of all stimuli.

    Returns
    -------
    dict
        By split; without one of which a fold has fewer than two responses of these sites.
    """
    is_single = SINGLE_PARTITION in fits
    is_pooled = not is_single and pool_folds(fits) is not None
    tests, trains = (
        np.array([fit.split == part for fit in fits.values()]) for part in ("test", "train")
    )
    found = {}
    for part, samples in samples_of(fits).items():
        folds = [of_sites(sample, inside) for sample in samples]
        if part == "train" or min(_count_answered(responses) for _, responses, _ in folds) < 2:
            continue
        stimuli = np.unique(np.concatenate([rows for rows, *_ in folds]))
        strata = tests[:, stimuli].argmax(axis=0) if is_pooled else np.zeros(len(stimuli), int)
        own = None if groups is None else groups[stimuli]
        stretch = 1.0 if is_single else spread_of_folds(tests, trains)
        found[part] = HeldOut(folds, stimuli, Exchange.of(strata, own), stretch)
    return found


def _count_answered(responses: np.ndarray) -> int:
    """Return to how many stimuli any site has a response."""
    return int((~np.isnan(responses)).any(axis=1).sum())


def spread_of_folds(tests: np.ndarray, trains: np.ndarray) -> float:
    """Return the spread of a mean over folds by chance, as a multiple of that of permutations.

    Parameters
    ----------
    tests, trains : ndarray of bool, (n_folds, n_stimuli)
        Which stimuli test and which train each fold.

    Returns
    -------
    float
        1 if no stimulus both trains and tests, √2 if each tests once and trains all other folds.

    Notes
    -----
    The predictions of a fold are weighted sums of the responses to its train stimuli, so what the
    folds predict of responses without any relation to the features is a sum over pairs of stimuli,
    Σ w_ij h_ij y_i y_j, with w_ij the number of folds that test i and train on j. A permutation
    keeps the predictions, and takes w_ij y_i y_j and w_ji y_j y_i for independent, though they are
    the same product. With h_ij and h_ji alike, the variances are as Σ (w_ij + w_ji)² over pairs and
    Σ w_ij² over ordered pairs; their quotient is 1 + Σ w_ij w_ji / Σ w_ij².
    """
    both_test, both_train = (
        member.astype(float) @ member.astype(float).T for member in (tests, trains)
    )
    crossed = tests.astype(float) @ trains.astype(float).T
    alike = (both_test * both_train).sum()
    return float(np.sqrt(1 + (crossed * crossed.T).sum() / alike)) if alike else 1.0


def scores_by_chance(
    tested: HeldOut, permutations: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the score of each site, and its scores with permuted responses.

    Parameters
    ----------
    tested : HeldOut
        Of the sites of a region.
    permutations : iterable of ndarray, (count, n)
        Of `Exchange.draw`, some at a time.

    Returns
    -------
    observed : ndarray, (n_sites, 3)
        In the order of `MEASURES`; the mean over folds. NaN for a site whose responses or
        predictions are constant in a fold.
    permuted : ndarray, (n_permutations, n_sites, 3)
        NaN also where the permuted responses of a fold are constant.
    """
    places = [np.searchsorted(tested.stimuli, rows) for rows, *_ in tested.folds]
    n_sites = tested.folds[0][1].shape[1]
    responses = np.full((len(tested.stimuli), n_sites), np.nan)
    for place, (_, of_fold, _) in zip(places, tested.folds, strict=True):
        responses[place] = of_fold

    def score(drawn: np.ndarray) -> np.ndarray:
        of_folds = [
            _scores(responses[drawn[:, place]], predictions)
            for place, (*_, predictions) in zip(places, tested.folds, strict=True)
        ]
        return np.mean(of_folds, axis=0)

    observed = score(np.arange(len(tested.stimuli))[None])[0]
    permuted = [score(drawn) for drawn in permutations]
    return observed, np.concatenate(permuted) if permuted else np.empty((0, n_sites, 3))


def _scores(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return each measure, (count, sites, 3), of responses, (count, stimuli, sites)."""
    absent = np.isnan(responses)
    present = np.ones(predictions.shape, bool) if not absent.any() else ~absent
    # Centring conditions the sums; it changes no variance.
    offset_p = predictions.mean(axis=0)
    prediction = predictions - offset_p
    if absent.any():
        n = present.sum(axis=1)
        offset = np.where(absent, 0, responses).sum(axis=(0, 1)) / np.maximum(n.sum(axis=0), 1)
        y = np.where(absent, 0, responses - offset)
        sum_p, sum_p2 = (
            np.einsum("cns,ns->cs", present, values) for values in (prediction, prediction**2)
        )
    else:
        n = np.full((1, 1), len(predictions))
        offset = responses.mean(axis=(0, 1))
        y = responses - offset
        sum_p, sum_p2 = prediction.sum(axis=0), (prediction**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_p, mean_p2 = sum_p / n, sum_p2 / n
        mean_y, mean_y2 = y.sum(axis=1) / n, np.einsum("cns,cns->cs", y, y) / n
        covariance = np.einsum("cns,ns->cs", y, prediction) / n - mean_y * mean_p
        variance_y, variance_p = mean_y2 - mean_y**2, mean_p2 - mean_p**2
        variance_y = np.where(variance_y <= CANCELLED * mean_y2, np.nan, variance_y)
        error = variance_y + variance_p - 2 * covariance
        bias = (mean_y + offset - mean_p - offset_p) ** 2
        constant = variance_p <= CANCELLED * mean_p2
        scores = (
            1 - (error + bias) / variance_y,
            1 - error / variance_y,
            np.where(constant, np.nan, covariance / np.sqrt(variance_y * variance_p)),
        )
    return np.stack(np.broadcast_arrays(*scores), axis=2)


def p_of(observed: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    """Return how probable scores as high as the observed ones are by chance.

    Parameters
    ----------
    observed : ndarray, (...)
        NaN is of no test.
    by_chance : ndarray, (n_permutations, ...)
        NaN where a score is undefined; there is no p without any.

    Returns
    -------
    ndarray, (...)
        (b + 1) / (m + 1), of the m permutations with a score those b that are as high.

    References
    ----------
    Phipson and Smyth, "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol.
    2010.
    """
    as_high = (by_chance >= observed - TIED).sum(axis=0)
    count = np.isfinite(by_chance).sum(axis=0)
    return np.where(np.isfinite(observed) & (count > 0), (as_high + 1) / (count + 1), np.nan)


def adjusted(p: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their false discovery rate (Benjamini and Hochberg, 1995).

    Parameters
    ----------
    p : ndarray, (n,)
        NaN is of no test, and stays.
    """
    found = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        found[known] = false_discovery_control(p[known])
    return found


def spread(by_chance: np.ndarray, stretch: float) -> np.ndarray:
    """Stretch scores by chance, (n_permutations, ...), about their mean."""
    centre = _nanmean(by_chance)
    return centre + stretch * (by_chance - centre)


def _nanmean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the mean along an axis of what is defined, NaN of nothing."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return total / np.where(count, count, np.nan)


def _high(values: np.ndarray) -> np.ndarray:
    """Return the `HIGH` percentile over the first axis of what is defined, NaN of nothing."""
    found = np.full(values.shape[1:], np.nan)
    known = np.isfinite(values).any(axis=0)
    if known.any():
        found[known] = np.nanpercentile(values[:, known], HIGH, axis=0)
    return found


def compare_with_chance(
    layers: Iterable[tuple[str, Mapping[str, StoredFit]]],
    responses: Responses,
    groups: np.ndarray | None,
    *,
    n_permutations: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the scores of every layer of a tap set with scores of permuted responses.

    Parameters
    ----------
    layers : iterable
        Each layer and its fits by partition, of `ventral.readouts.fit_store.read_fits`.
    responses : Responses
        Of the same stimuli and sites.
    groups : ndarray, (n_stimuli,), or None
        Of `ventral.data.splits.groups_of`.
    n_permutations : int
        Of the responses of each split and region, the same for all layers and models.
    seed : int
        Of the permutations.

    Returns
    -------
    sites : DataFrame
        A row per layer, region, split but train, and site: `SITE_COLUMNS`. ``chance_mean`` and
        ``chance_high`` are the mean and the 95th centile of the scores by chance, ``p_value`` is
        one-sided, ``p_adjusted`` is for the false discovery rate over the sites of the row's layer,
        region and split.
    regions : DataFrame
        A row per layer, region and split: `REGION_COLUMNS`. ``n_tested`` counts sites with a p,
        ``n_above_chance`` those with p_adjusted under .05, ``n_blocks`` the stimuli, or groups of
        them, that could be exchanged. Of the mean over sites of each measure
        ``{measure}_mean``, ``{measure}_chance_mean``, ``{measure}_chance_high``, ``{measure}_p``.

    Raises
    ------
    VentralError
        Naming the layer.
    """
    sites = [pd.DataFrame(columns=SITE_COLUMNS)]
    regions: list[dict] = []
    for layer, stored in layers:
        with naming(f"layer {layer!r}"):
            fits = {name: fit_to_score(fit, responses, None, name) for name, fit in stored.items()}
            for region in dict.fromkeys(responses.sites["region"]):
                inside = (responses.sites["region"] == region).to_numpy()
                for part, tested in tested_parts(fits, inside, groups).items():
                    by_chance = _Scores.of(tested, n_permutations, seed)
                    names = {"layer": layer, "region": region, "split": part}
                    site_id = responses.sites["site_id"].to_numpy()[inside]
                    sites.append(by_chance.of_sites().assign(**names, site_id=site_id))
                    regions.append(names | by_chance.of_region(tested.exchange.n_blocks))
    whole = pd.concat(sites[1:] or sites, ignore_index=True)
    return whole[SITE_COLUMNS], pd.DataFrame(regions, columns=REGION_COLUMNS)


@dataclass(frozen=True)
class _Scores:
    """The scores of the sites of a region beside those by chance.

    Attributes
    ----------
    observed : ndarray, (n_sites, 3)
        NaN also where nothing can be exchanged.
    permuted : ndarray, (n_permutations, n_sites, 3)
        As they are, not stretched.
    stretch : float
        Of `HeldOut`.
    """

    observed: np.ndarray
    permuted: np.ndarray
    stretch: float

    @classmethod
    def of(cls, tested: HeldOut, n_permutations: int, seed: int) -> "_Scores":
        n, n_sites = len(tested.stimuli), tested.folds[0][1].shape[1]
        rng = np.random.default_rng([seed, n])
        at_once = max(1, BYTES_AT_ONCE // (8 * n * n_sites))
        if not tested.exchange.n_blocks:
            n_permutations = 0
        drawn = (
            tested.exchange.draw(rng, min(at_once, n_permutations - done))
            for done in range(0, n_permutations, at_once)
        )
        return cls(*scores_by_chance(tested, drawn), tested.stretch)

    def of_sites(self) -> pd.DataFrame:
        """Return a row per site."""
        k = MEASURES.index(SITE_MEASURE)
        by_chance = spread(self.permuted[:, :, k], self.stretch)
        p = p_of(self.observed[:, k], by_chance)
        return pd.DataFrame(
            {
                SITE_MEASURE: self.observed[:, k],
                "chance_mean": _nanmean(by_chance),
                "chance_high": _high(by_chance),
                "p_value": p,
                "p_adjusted": adjusted(p),
            }
        )

    def of_region(self, n_blocks: int) -> dict[str, float]:
        """Return the columns of the region."""
        sites = self.of_sites()
        row: dict[str, float] = {
            "n_sites": len(sites),
            "n_tested": int(sites["p_value"].notna().sum()),
            "n_above_chance": int((sites["p_adjusted"] < LEVEL).sum()),
            "n_blocks": n_blocks,
            "n_permutations": len(self.permuted),
        }
        for k, measure in enumerate(MEASURES):
            known = np.isfinite(self.observed[:, k])
            mean = _nanmean(self.observed[known, k])
            by_chance = spread(_nanmean(self.permuted[:, known, k], axis=1), self.stretch)
            row |= {
                f"{measure}_mean": float(mean),
                f"{measure}_chance_mean": float(_nanmean(by_chance)),
                f"{measure}_chance_high": float(_high(by_chance)),
                f"{measure}_p": float(p_of(mean, by_chance)),
            }
        return row


def table_of_chance(regions: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Return the table of regions with the committed layers marked.

    Parameters
    ----------
    regions : DataFrame
        Of `compare_with_chance`, of all fits of a data set, with ``dataset``, ``model`` and
        ``readout``.
    summary : DataFrame
        ``summary.csv`` of the data set.

    Returns
    -------
    DataFrame
        With ``layer_committed`` and ``setting_committed``, as in the summary.
    """
    marks = [*KEY, "layer_committed", "setting_committed"]
    return regions.merge(summary[marks], on=KEY, how="left")


def chance_in_words(table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict]) -> str:
    """Return the committed layers of the table as Markdown, with the note that it needs.

    Parameters
    ----------
    table : DataFrame
        Of `table_of_chance`, at the committed settings of sweeps (`at_committed_settings`).
    models, readouts : dict
        Descriptions, see `ventral.scores.reporting`.
    """
    table = table[committed_rows(table)]
    names = model_names(models)
    shown = pd.DataFrame(
        {
            "Region": table["region"],
            "Regression": [readouts[name]["label"] for name in table["readout"]],
            "Model": table["model"].map(names),
            "Layer": table["layer"],
            "Split": table["split"],
            "Sites above chance": [
                f"{above} of {count}"
                for above, count in zip(table["n_above_chance"], table["n_tested"], strict=True)
            ],
            "Explained Variance": table["explained_variance_mean"],
            "By chance": table["explained_variance_chance_mean"],
            "95th centile": table["explained_variance_chance_high"],
            "p": [p_in_words(p) for p in table["explained_variance_p"]],
        },
        dtype=object,
    )
    right = ["Explained Variance", "By chance", "95th centile", "p"]
    count = int(table["n_permutations"].max()) if len(table) else 0
    return f"{to_markdown(shown, right)}\n\n{NOTE.format(count=count)}"
