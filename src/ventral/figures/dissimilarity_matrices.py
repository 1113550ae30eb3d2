"""Which stimuli are alike, to the sites of a region and to the layers most similar to it."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ventral.figures import style
from ventral.scores.reporting import model_names
from ventral.similarity.matrices import RankedMatrix, RegionMatrices

PANEL = 2.1
"""Inches of a side of a matrix."""

COLORS = "viridis"
"""Its brightness grows with the rank, so it can be read in grey."""

MOST_CATEGORIES = 24
"""Names that have room along a matrix."""


def draw(
    regions: Sequence[RegionMatrices], models: Mapping[str, Mapping], distances: str
) -> Figure:
    """Draw a row per region: its own matrix and those of its most similar layers.

    Parameters
    ----------
    regions : sequence of RegionMatrices
        What is shown.
    models : Mapping
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    distances : str
        Of which dissimilarities, in words.

    Returns
    -------
    Figure
        A figure with only a message if there is no region.
    """
    if not regions:
        return style.placeholder("Too few stimuli have responses to show how alike they are.")
    names = model_names({name: dict(one) for name, one in models.items()})
    n_columns = max(len(region.matrices) for region in regions)
    has_names = any(0 < len(region.groups) <= MOST_CATEGORIES for region in regions)
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
        width = max(6.0, n_columns * (PANEL + 0.15) + 1.0 + (0.8 if has_names else 0))
        figure = Figure(figsize=(width, len(regions) * (PANEL + 0.6) + 1.1))
        grid = figure.subplots(len(regions), n_columns, squeeze=False)
        for row, region in zip(grid, regions, strict=True):
            for axes in row[len(region.matrices) :]:
                axes.set_visible(False)
            for axes, matrix in zip(row, region.matrices, strict=False):
                image = _draw_matrix(axes, matrix, region)
                weight = "normal" if matrix.model else "bold"
                axes.set_title(
                    _heading(matrix, region, names), loc="left", fontsize=7.5, fontweight=weight
                )
            _name_categories(row[0], region.groups)
        bar = figure.colorbar(image, ax=grid.ravel().tolist(), shrink=0.7, aspect=30, pad=0.02)
        bar.set_ticks([0, 0.5, 1], labels=["0, most\nalike", "0.5", "1, least\nalike"])
        bar.set_label("Rank of the dissimilarity")
        bar.outline.set_visible(False)
        style.title(
            figure,
            "Dissimilarities of stimuli",
            f"{distances}, ranked within each matrix; {_counts(regions)}; ρ: Spearman's correlation"
            " with the region, over all of its stimuli. Each network at its most similar layer.",
        )
    return figure


def _counts(regions: Sequence[RegionMatrices]) -> str:
    shown = sorted({len(region.matrices[0].ranks) for region in regions})
    known = sorted({region.n_stimuli for region in regions})
    counts = " to ".join(str(count) for count in dict.fromkeys((shown[0], shown[-1])))
    whole = "" if shown == known else f" of {known[-1]}"
    by = ", by category" if any(region.groups for region in regions) else ""
    return f"{counts}{whole} stimuli{by}"


def _heading(matrix: RankedMatrix, region: RegionMatrices, names: Mapping[str, str]) -> str:
    if not matrix.model:
        return f"{region.region}\n{region.source}"
    rho = style.number(matrix.correlation)
    return f"{textwrap.fill(names[matrix.model], 32)}\n{matrix.layer}, ρ {rho}"


def _draw_matrix(axes: Axes, matrix: RankedMatrix, region: RegionMatrices) -> AxesImage:
    image = axes.imshow(
        np.ma.masked_invalid(matrix.ranks),
        cmap=COLORS,
        vmin=0,
        vmax=1,
        interpolation="none",  # a file holds a pixel for each pair, and no enlarged picture
        gid=f"ranks:{region.region}:{matrix.model}:{matrix.layer}",
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    edges = np.cumsum([count for _, count in region.groups])[:-1] - 0.5
    if len(region.groups) <= MOST_CATEGORIES:
        for edge in edges:
            axes.axhline(edge, color="white", linewidth=0.5)
            axes.axvline(edge, color="white", linewidth=0.5)
    return image


def _name_categories(axes: Axes, groups: Sequence[tuple[str, int]]) -> None:
    if not 0 < len(groups) <= MOST_CATEGORIES:
        return
    counts = np.array([count for _, count in groups])
    middles = np.cumsum(counts) - counts / 2 - 0.5
    labels = [textwrap.fill(textwrap.shorten(name, 40), 14) for name, _ in groups]
    axes.set_yticks(middles, labels, fontsize=6)
    axes.tick_params(axis="y", length=0)
