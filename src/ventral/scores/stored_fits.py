"""What is needed of a stored fit to score it, partition by partition."""

from pathlib import Path

import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION
from ventral.scores.score import Fit
from ventral.storage.store import Store


def read_fits(path: str | Path, responses: Responses, ceilings: pd.DataFrame) -> dict[str, Fit]:
    """Return what is needed to score each partition of a fit, by name.

    ceilings: the table of `ventral.scores.ceilings.estimate_ceilings`, in the order of the sites.
    """
    store = Store(path)
    columns = {
        name: store.read(name)
        for name in ("predictions", "split", "alpha", "alpha_on_edge", "n_components")
    }
    if "fold" not in store:
        names, columns = (
            [SINGLE_PARTITION],
            {name: values[None] for name, values in columns.items()},
        )
        columns["n_components"] = columns["n_components"][0]
    else:
        names = [str(name) for name in store.read("fold")]
    return {
        name: Fit(
            predictions=columns["predictions"][index],
            responses=responses.average,
            noise_variance=responses.noise_variance,
            split=columns["split"][index].astype(object),
            sites=responses.sites,
            alpha=columns["alpha"][index],
            alpha_on_edge=columns["alpha_on_edge"][index],
            ceiling=ceilings["ceiling"].to_numpy(),
            n_components=int(columns["n_components"][index]),
        )
        for index, name in enumerate(names)
    }
