"""What the components of each layer hold: of the features, of the responses, and of the score."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import FOLDS, rows_of
from ventral.errors import naming
from ventral.features.pca_store import read_components
from ventral.features.spectra import describe_spectrum, mean_facts, with_ends
from ventral.readouts.alignment import predicted_ridge_error
from ventral.readouts.score_by_components import (
    choose_ridge,
    component_grid,
    fit_first_components,
    predictions_by_components,
)
from ventral.scores.measures import MEASURES
from ventral.scores.resampling import Resamples, Sample, interval_of, levels_of, resample
from ventral.scores.score import Fit, of_sites, samples_of
from ventral.storage.store import Store
from ventral.storage.tables import read_csv

NAMES = ["dataset", "model"]
REPORTED = (FOLDS, "test", "validation")
"""Of these the first with responses is reported."""

Samples = list[Sample]
Partitions = Mapping[str, pd.DataFrame]


def describe_layers(
    components: Store,
    responses: Responses,
    partitions: Partitions,
    *,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Describe the spectrum of every layer of a tap set, and the score by number of components.

    Parameters
    ----------
    components : Store
        Of `ventral.features.pca_store.write_components`; all components are read.
    responses : Responses
        To all stimuli.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.
    seed, n_bootstrap
        Of the resampling, as of `ventral.scores.resampling.resample`.

    Returns
    -------
    spectra : pandas.DataFrame
        A row per layer and region: the facts of `ventral.features.spectra.Spectrum`, with folds
        their means; ``response_share``, how much of the response variance lies along the
        ``components_for_90``, and ``response_share_if_even``, how much did if responses lay evenly
        along all directions; ``ridge_error``, its parts of `ventral.readouts.alignment`, and
        ``ridge_error_reported``, the error on the reported stimuli, both in units of the variance
        over their stimuli. Means over sites; all but ``response_share_if_even`` with their ends.
    curves : pandas.DataFrame
        A row per layer, region, readout (linear, ridge), split (train of linear alone, and the one
        that is reported) and number of components: explained variance, mean and median over sites,
        with the ends of the interval of the mean. On train stimuli it is the share of the
        response variance along these components.

    Raises
    ------
    VentralError
        Naming the layer: where the store is damaged, a train stimulus has no response, or a fold
        has fewer than two test stimuli.

    """
    spectra, curves = [], []
    for layer in components.groups:
        with naming(f"layer {layer!r}"):
            found = read_components(components, layer, everything=True)
            described = _Layer(found, responses, partitions, seed, n_bootstrap)
            spectra += [{"layer": layer, **row} for row in described.spectra()]
            curves += [{"layer": layer, **row} for row in described.curves()]
    return pd.DataFrame(spectra), pd.DataFrame(curves)


def collect_by_model(files: Iterable[str], names: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Concatenate the tables of all tap sets.

    Parameters
    ----------
    files : iterable of str
        CSV tables.
    names : iterable
        Data set and model of each table.

    Returns
    -------
    pandas.DataFrame
        The rows of all tables in their order; ``dataset`` and ``model`` come first.

    """
    tables = []
    for file, name in zip(files, names, strict=True):
        table = read_csv(file)
        tables.append(table.assign(**dict(zip(NAMES, name, strict=True)))[[*NAMES, *table]])
    return pd.concat(tables, ignore_index=True)


def table_of_spectra(spectra: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the spectra with fewer columns and intervals in brackets, to be read.

    Parameters
    ----------
    spectra : pandas.DataFrame
        Of `describe_layers`, with the model of each row.
    names : mapping
        How each model is called, see `ventral.scores.reporting.variant_names`.

    Returns
    -------
    pandas.DataFrame
        A row per model, layer and region.

    """

    def interval(name: str, digits: int) -> list[str]:
        columns = zip(*(spectra[f"{name}{end}"] for end in ("", "_low", "_high")), strict=True)
        return [
            "–" if np.isnan(value) else f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
            for value, low, high in columns
        ]

    ends = zip(spectra["power_law_first_rank"], spectra["power_law_last_rank"], strict=True)
    ranks = [f"{a:.0f} to {b:.0f}" if b > a else "–" for a, b in ends]
    return pd.DataFrame(
        {
            "Model": spectra["model"].map(names),
            "Layer": spectra["layer"],
            "Region": spectra["region"],
            "Train stimuli": [f"{n:.0f}" for n in spectra["n_train"]],
            "Rank": [f"{rank:.0f}" for rank in spectra["rank"]],
            "Power-law exponent": interval("power_law_exponent", 2),
            "Its ranks": ranks,
            "Effective dimensionality": interval("effective_dimensionality", 1),
            "Components for 90 %": interval("components_for_90", 0),
            "Response variance in them": interval("response_share", 3),
            "If responses lay evenly": spectra["response_share_if_even"],
            "Predicted ridge error": interval("ridge_error", 3),
            "From eigenvalues": interval("ridge_error_eigenvalues", 3),
            "From alignment": interval("ridge_error_alignment", 3),
            "Ridge error, reported": interval("ridge_error_reported", 3),
            "Split": spectra["split"],
        }
    )


class _Layer:
    """One layer: its components by partition, and the responses."""

    def __init__(
        self,
        components: Mapping[str, tuple[np.ndarray, np.ndarray]],
        responses: Responses,
        partitions: Partitions,
        seed: int,
        n_bootstrap: int,
    ):
        self.components = components
        self.responses = responses
        self.partitions = partitions
        self.resampling = {"seed": seed, "n_bootstrap": n_bootstrap}
        regions = responses.sites["region"].to_numpy()
        self.regions = {region: regions == region for region in dict.fromkeys(regions)}
        self.train = {name: rows_of(table, "train") for name, table in partitions.items()}
        self.alpha = {
            name: choose_ridge(*components[name], responses, train)
            for name, train in self.train.items()
        }

    def spectra(self) -> Iterator[dict[str, Any]]:
        """Give a row for each region."""
        spectra = [
            describe_spectrum(self.components[name][0][train], self.components[name][1])
            for name, train in self.train.items()
        ]
        facts = mean_facts([spectrum.facts() for spectrum in spectra])
        leading = [int(spectrum.components_for_most.value) for spectrum in spectra]
        even = [k / (one.n_train - 1) for k, one in zip(leading, spectra, strict=True)]
        shares = self._on_train(
            fit_first_components(
                scores[self.train[name]],
                values,
                self.responses.of_train(self.train[name]),
                k,
            ).predict(scores[self.train[name]][:, :k])
            for k, (name, (scores, values)) in zip(leading, self._pairs(), strict=True)
        )
        errors = [
            predicted_ridge_error(
                scores[self.train[name]],
                values,
                self.responses.of_train(self.train[name]),
                self.alpha[name],
            )
            for name, (scores, values) in self._pairs()
        ]
        estimates = self._on_train(error.estimates for error in errors)
        from_eigenvalues = np.mean([error.from_eigenvalues for error in errors], axis=0)
        split, reported = self._reported(self._ridge())
        for region, inside in self.regions.items():
            share = self._resampled(shares, inside)
            predicted = self._resampled(estimates, inside)
            measured = self._resampled(reported, inside)
            error, eigenvalues, alignment = _apart(predicted, from_eigenvalues[inside])
            yield {
                "region": region,
                **facts,
                **with_ends("response_share", _within_one(_mean(share, "explained_variance"))),
                "response_share_if_even": float(np.mean(even)),
                **with_ends("ridge_error", error),
                **with_ends("ridge_error_eigenvalues", eigenvalues),
                **with_ends("ridge_error_alignment", alignment),
                **with_ends("ridge_error_reported", _error(measured)),
                "split": split,
                "n_sites": int(inside.sum()),
                "n_undefined": int(np.isnan(measured.score("r2")).sum()),
            }

    def curves(self) -> Iterator[dict[str, Any]]:
        """Give a row for each region, readout, split and number of components."""
        grid = component_grid(max(len(values) for _, values in self.components.values()))
        by_partition = [
            predictions_by_components(
                *self.components[name], self.responses, train, grid, self.alpha[name]
            )
            for name, train in self.train.items()
        ]
        for of_partitions in zip(*by_partition, strict=True):
            readout, k, _ = of_partitions[0]
            predictions = [predicted for *_, predicted in of_partitions]
            samples = [self._reported(predictions)]
            if readout == "linear":
                pairs = zip(self.train.values(), predictions, strict=True)
                samples.insert(0, ("train", self._on_train(part[rows] for rows, part in pairs)))
            for split, sample in samples:
                for region, inside in self.regions.items():
                    yield {
                        "region": region,
                        "readout": readout,
                        "split": split,
                        "n_components": k,
                        **self._scores(sample, inside),
                    }

    def _pairs(self) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
        return [(name, self.components[name]) for name in self.train]

    def _ridge(self) -> list[np.ndarray]:
        """Return the predictions of ridge on all components, by partition."""
        predictions = []
        for name, (scores, values) in self._pairs():
            recorded = self.responses.of_train(self.train[name])
            args = (scores[self.train[name]], values, recorded, len(values), self.alpha[name])
            predictions.append(fit_first_components(*args).predict(scores))
        return predictions

    def _on_train(self, predictions: Iterable[np.ndarray]) -> Samples:
        """Return the train stimuli of each partition beside what is predicted of them."""
        return [
            (rows, self.responses.average[rows], predicted)
            for rows, predicted in zip(self.train.values(), predictions, strict=True)
        ]

    def _reported(self, predictions: Sequence[np.ndarray]) -> tuple[str, Samples]:
        """Return the reported split and its samples, put together as scores are."""
        nothing = np.full(len(self.responses.sites), np.nan)
        fits = {
            name: Fit(
                predictions=predicted,
                responses=self.responses.average,
                split=table["split"].to_numpy(),
                sites=self.responses.sites,
                alpha=nothing,
                alpha_on_edge=np.zeros(len(nothing), bool),
                ceilings={},
                n_components=0,
            )
            for (name, table), predicted in zip(self.partitions.items(), predictions, strict=True)
        }
        samples = samples_of(fits)
        split = next((name for name in REPORTED if name in samples), "train")
        return split, samples[split]

    def _resampled(self, samples: Samples, inside: np.ndarray) -> Resamples:
        own = [of_sites(sample, inside) for sample in samples]
        return resample(own, **self.resampling, levels=levels_of(self.responses.sites[inside]))

    def _scores(self, samples: Samples, inside: np.ndarray) -> dict[str, float]:
        resamples = self._resampled(samples, inside)
        values = resamples.score("explained_variance")
        mean, low, high = _mean(resamples, "explained_variance")
        defined = np.isfinite(values).any()
        rows = [rows for rows, *_ in (of_sites(sample, inside) for sample in samples)]
        return {
            "explained_variance_mean": mean,
            "explained_variance_low": low,
            "explained_variance_high": high,
            "explained_variance_median": float(np.nanmedian(values)) if defined else np.nan,
            "n_stimuli": len(np.unique(np.concatenate(rows))),
            "n_sites": int(inside.sum()),
            "n_undefined": int(np.isnan(values).sum()),
        }


def _mean(resamples: Resamples, measure: str) -> tuple[float, float, float]:
    """Return the mean over sites of a measure, and its interval."""
    return _mean_of_column(resamples, MEASURES.index(measure))


def _within_one(estimate: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a share whose interval has no impossible values."""
    value, low, high = estimate
    return value, float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))


def _mean_of_column(resamples: Resamples, column: int) -> tuple[float, float, float]:
    values = resamples.observed[:, column]
    if not np.isfinite(values).any():
        return np.nan, np.nan, np.nan
    mean = float(np.nanmean(values))
    means, stretch = resamples.means()[:, column], resamples.stretch()[column]
    return mean, *interval_of(means, stretch, mean)


def _error(resamples: Resamples) -> tuple[float, float, float]:
    """Return the mean squared error in units of the variance, 1 − R², and its interval."""
    r2, low, high = _mean(resamples, "r2")
    return 1 - r2, 1 - high, 1 - low


def _apart(resamples: Resamples, from_eigenvalues: np.ndarray) -> list[tuple[float, float, float]]:
    """Return the error, and its parts from eigenvalues and from alignment, with their intervals.

    The part from eigenvalues differs between sites by their alphas alone, and not with the stimuli
    that are drawn.
    """
    column = MEASURES.index("r2")

    def parts(error: np.ndarray) -> np.ndarray:
        even = np.where(np.isnan(error), np.nan, from_eigenvalues)
        return np.stack([error, even, error - even], axis=-1)

    told_apart = Resamples(
        parts(1 - resamples.per_site[:, :, column]),
        parts(1 - resamples.observed[:, column]),
        resamples.site_counts,
        resamples.groups,
    )
    return [_mean_of_column(told_apart, place) for place in range(3)]
