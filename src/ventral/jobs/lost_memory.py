"""Results that lie beside no memory of Snakemake's."""

from collections.abc import Iterator
from pathlib import Path


def warning_of_lost_memory(results: str | Path, memory: str | Path) -> Iterator[str]:
    """Give a warning where results exist and Snakemake does not know what made them.

    Parameters
    ----------
    results : str or Path
        Folder of results.
    memory : str or Path
        Folder in which Snakemake keeps a record of each output.

    """
    memory = Path(memory)
    if Path(results).is_dir() and not (memory.is_dir() and any(memory.iterdir())):
        yield (
            f"{results}/ is here without .snakemake/, so Snakemake cannot tell whether results"
            " match the config and the code, and keeps them. If they do not match, see README.md,"
            " What runs again when …"
        )
