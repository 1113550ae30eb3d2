"""Compare the memory that was predicted for each job with what it used.

``python benchmarks/predicted_memory.py CONFIG [CONFIG ...]`` in the folder of a finished run, with
the configs in the order in which they were laid over one another.
"""

import argparse
import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config
from tabulate import tabulate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from ventral.jobs.resources.estimator import ResourceEstimator  # noqa: E402
from ventral.jobs.resources.measured import compare_with_benchmarks  # noqa: E402
from ventral.study.check_config import check_config  # noqa: E402


def main() -> None:
    """Print the job of each step that comes nearest to its prediction, and the furthest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, nargs="+")
    config: dict = {}
    for path in parser.parse_args().config:
        update_config(config, yaml.safe_load(path.read_text()))
    study = check_config(config, ROOT / "workflow" / "schemas")
    table = compare_with_benchmarks(ResourceEstimator(study, "results", ROOT / "src"), "benchmarks")
    table["ratio"] = table["predicted"] / table["used"]
    ordered = table.sort_values(["step", "ratio"])
    print(tabulate(ordered, headers="keys", showindex=False, floatfmt=".1f"))


if __name__ == "__main__":
    main()
