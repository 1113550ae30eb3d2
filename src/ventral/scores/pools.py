"""Scores over several data sets together: sessions or animals that are reported as one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.readouts.fit_store import StoredFit
from ventral.scores.score import fit_to_score, score_recordings


@dataclass(frozen=True)
class Member:
    """A data set of a pool.

    Attributes
    ----------
    name : str
        Of the data set.
    responses : Responses
        Its responses.
    ceilings : DataFrame
        Its ``ceilings.csv``.
    """

    name: str
    responses: Responses
    ceilings: pd.DataFrame

    @property
    def sites(self) -> pd.DataFrame:
        """The sites under names that no other data set has, each with its session.

        Where the sessions of sites are unknown, the data set is one.
        """
        sites = self.responses.sites
        site_id = [f"{self.name}/{site}" for site in sites["site_id"]]
        session: list[str] | str = self.name
        if "session" in sites:
            session = [f"{self.name}/{name}" for name in sites["session"]]
        return sites.assign(site_id=site_id, session=session)


def score_pool(
    members: Sequence[Member],
    layers: Sequence[Iterable[tuple[str, Mapping[str, StoredFit]]]],
    *,
    ceiling_floor: float,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Score the fits of a tap set over all data sets of a pool, layer by layer.

    Parameters
    ----------
    members : sequence of Member
        The data sets, each with fits of its own.
    layers : sequence of iterable
        Of each data set what `ventral.readouts.fit_store.read_fits` gives.
    ceiling_floor, seed, n_bootstrap
        As of `ventral.scores.score.score_layers`.

    Returns
    -------
    sites, population, draws
        As of `ventral.scores.score.score_layers`. The population is of the sites of all data sets.
        Its interval draws animals, sessions of these, sites of these, and the stimuli of each data
        set.

    Raises
    ------
    VentralError
        Naming the layer; and where the data sets have fits of different layers.
    """
    recordings = (
        (
            layer,
            [
                {
                    name: replace(
                        fit_to_score(fit, member.responses, member.ceilings, name),
                        sites=member.sites,
                    )
                    for name, fit in fits.items()
                }
                for member, fits in zip(members, stored, strict=True)
            ],
        )
        for layer, stored in _in_step(members, layers)
    )
    return score_recordings(
        recordings, ceiling_floor=ceiling_floor, seed=seed, n_bootstrap=n_bootstrap
    )


def _in_step(
    members: Sequence[Member], layers: Sequence[Iterable[tuple[str, Mapping[str, StoredFit]]]]
) -> Iterator[tuple[str, list[Mapping[str, StoredFit]]]]:
    """Give each layer with its fits of all data sets."""
    for found in zip(*layers, strict=True):
        names = [layer for layer, _ in found]
        for member, name in zip(members, names, strict=True):
            if name != names[0]:
                raise VentralError(
                    f"the fits of {members[0].name} are of layer {names[0]!r}, and those of"
                    f" {member.name} of {name!r}"
                )
        yield names[0], [fits for _, fits in found]
