"""Results beside which there is no record of what made them."""

from pathlib import Path


def is_memory_lost(results: str | Path, records: str | Path) -> bool:
    """Tell whether results exist, but no record of what made them.

    Parameters
    ----------
    results : str or Path
        Folder of results.
    records : str or Path
        Folder in which the workflow's engine keeps a record of each output.

    """
    records = Path(records)
    return Path(results).is_dir() and not (records.is_dir() and any(records.iterdir()))
