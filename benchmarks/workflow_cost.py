"""What the workflow itself costs: jobs, time, CPU and files of a study of so many models.

The study is simulated: small images, residual networks with random weights. ``--plan-only`` makes
the plan and runs nothing.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
RESNET18 = ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool"]
RESNET50 = [
    "conv1",
    *(
        f"layer{stage}.{block}"
        for stage, blocks in enumerate((3, 4, 6, 3), start=1)
        for block in range(blocks)
    ),
]
READOUTS = {
    "linear_pcs": {"method": "linear", "features": "pcs"},
    "ridge_pcs": {"method": "ridge", "features": "pcs", "alpha": 1.0},
    "ridge_cv_pcs": {"method": "ridge_cv", "features": "pcs"},
    "linear_raw": {"method": "linear", "features": "raw"},
}


def study(models: int, layers: int, readouts: int) -> dict:
    """Return the config of a study.

    Parameters
    ----------
    models : int
        Networks that differ in their seed.
    layers : int
        Layers of each: up to 6 of a ResNet-18, more of a ResNet-50 (at most 17).
    readouts : int
        At most 4.
    """
    small = layers <= len(RESNET18)
    entry = {
        "architecture": "resnet18" if small else "resnet50",
        "preprocessing": {"size": 32},
        "taps": {"main": (RESNET18 if small else RESNET50)[:layers]},
    }
    return {
        "datasets": {"simulated": {"source": "simulated", "stimuli": {"image_size": 32}}},
        "models": {f"model_{seed:03d}": {**entry, "seed": seed} for seed in range(models)},
        "pca": {"n_components": 100, "when_rank_is_lower": "use_rank"},
        "readouts": dict(list(READOUTS.items())[:readouts]),
    }


def timed(command: Sequence[str]) -> tuple[float, float, str]:
    """Run a command; return its seconds, the CPU seconds of it and its children, and its output."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=dict(os.environ))
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout + done.stderr


def count_files(folder: Path) -> int:
    """Count the files under a folder, Snakemake's own included."""
    return sum(len(files) for _, _, files in os.walk(folder))


def main() -> None:
    """Print one row: the study, its jobs, and what the plan and the run cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("models", 3), ("layers", 6), ("readouts", 3), ("cores", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--plan-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "study.yaml")
        config.write_text(
            yaml.safe_dump(study(options.models, options.layers, options.readouts), sort_keys=False)
        )
        base = [sys.executable, "-m", "snakemake", "--directory", folder]
        base += ["--cores", str(options.cores), "--configfile", str(config)]
        timed([*base, "--dry-run", "--quiet", "all"])  # fills the cache of what networks look like
        plan, plan_cpu, _ = timed([*base, "--dry-run", "--quiet", "all"])
        jobs = re.findall(
            r"^total +(\d+)", timed([*base, "--dry-run", "--quiet", "rules"])[2], re.M
        )
        row = {
            "study": f"{options.models} × {options.layers} × {options.readouts}",
            "jobs": int(jobs[-1]),
            "plan, s": plan,
            "plan, CPU s": plan_cpu,
        }
        if not options.plan_only:
            wall, cpu, _ = timed(base)
            row |= {"run, s": wall, "run, CPU s": cpu, "files": count_files(Path(folder))}
    print(tabulate([row], headers="keys", floatfmt=".1f"))


if __name__ == "__main__":
    main()
