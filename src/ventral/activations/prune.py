"""Free the disk of activations that nothing needs any more."""

from pathlib import Path

from ventral.storage.atomic import aside_of, remove, write_json
from ventral.storage.store import manifest_path


def prune_activations(manifest: str | Path, receipt: str | Path) -> None:
    """Remove the store of a manifest, which stays, and write a receipt.

    The store goes out of the way first, whole: one that is half removed must not look complete.
    Without a store there is nothing to remove.

    receipt: path of a JSON file that names the store.
    """
    store = Path(manifest).with_suffix(".zarr")
    if manifest_path(store) != Path(manifest):
        raise ValueError(f"{manifest} is not the manifest of a store")
    aside = aside_of(store)
    if store.exists():
        store.rename(aside)
        remove(aside)
    write_json(receipt, {"pruned": store.name})
