"""A store of the workflow as an xarray object."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def open_store(path: str | Path, *, verify: bool = True) -> "xarray.Dataset | xarray.DataTree":
    """Open a store that the workflow has written, for reading.

    Arrays are read when they are used. Dimensions are named and have coordinates, so that
    ``.sel(site=…)`` and ``.sel(stimulus=…)`` work where a store has sites or stimuli.

    Parameters
    ----------
    path : str or Path
        A ``.zarr`` folder or file. Its manifest, ``.json``, must lie beside it.
    verify : bool
        Compare the whole content with the checksums of the manifest first. That reads every array
        once: for large activations it takes a while, and ``verify=False`` only compares shapes.

    Returns
    -------
    xarray.Dataset or xarray.DataTree
        A DataTree where the store has a group for each layer: ``tree["layer3"]["scores"]``.

    Raises
    ------
    VentralError
        Where the store or its manifest is missing or damaged; the message has the command that
        removes it, after which the workflow makes it again.

    Examples
    --------
    >>> import ventral
    >>> responses = ventral.open_store("results/simulated/responses.zarr")  # doctest: +SKIP
    >>> responses["responses"].sel(site="IT_001")  # doctest: +SKIP

    """
    import xarray
    import zarr

    from ventral.storage.store import Store

    path = Path(path)
    store = Store(path)
    if verify:
        store.verify()
    else:
        for name in store.manifest:
            store.array(name)
    # xarray takes a store of Zarr's, though its annotations do not list one.
    source: Any = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
    with warnings.catch_warnings():
        # Text in Zarr v3 has no final specification; the manifest guards what is read.
        warnings.filterwarnings("ignore", category=zarr.errors.UnstableSpecificationWarning)
        # A time stamp of the workflow manager lies in each folder that it tracks.
        warnings.filterwarnings("ignore", category=zarr.errors.ZarrUserWarning)
        if any("/" in name for name in store.manifest):
            return xarray.open_datatree(source, engine="zarr", consolidated=False)
        return xarray.open_zarr(source, consolidated=False)
