"""The network's own head as a readout: its outputs are the predictions, and nothing is fitted."""

import numpy as np

from ventral.errors import VentralError


def check_sites(names: np.ndarray, site_id: np.ndarray) -> None:
    """Refuse a head that was trained on other sites than those of the responses.

    Parameters
    ----------
    names : numpy.ndarray
        Names of the head's outputs.
    site_id : numpy.ndarray
        Names of the recorded sites, in the order of the responses.

    Raises
    ------
    VentralError
        Naming the first site that differs.

    """
    trained, recorded = [str(name) for name in names], [str(site) for site in site_id]
    if len(trained) != len(recorded):
        raise VentralError(
            f"the head was trained on {len(trained)} sites; the responses have {len(recorded)}"
        )
    for name, site in zip(trained, recorded, strict=True):
        if name != site:
            raise VentralError(
                f"the head was trained on other sites: its output {name!r} is in the place"
                f" of the site {site!r}"
            )
