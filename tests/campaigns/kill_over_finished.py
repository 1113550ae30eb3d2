"""Interrupt jobs over finished results of another config, and look at what is shown in the end.

``python tests/campaigns/kill_over_finished.py [COUNT] [EACH] [CONFIGS]``: a toy project is
finished under each of some configs. Then, round after round, one config takes the place of another;
in the runs that follow, jobs fail, are killed, lose the Snakemake that started them and live on, or
have it cancelled. Some rounds go over to a third config while old jobs still run. In the end a run
is left alone, and every CSV must have the bytes of a clean run of its config. At least COUNT jobs
(300) are interrupted, EACH (10) of every rule. The first CONFIGS (8) of the configs take part.
"""

import importlib
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from copy import deepcopy
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent, HERE.parents[1] / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from warm_jobs import FAULTS, WARM, Faults, JobServer, run_snakemake  # noqa: E402

from toy_project import CONFIG, Project  # noqa: E402

MAX_RUNS = 60
"""Of one round, before it is said that it does not end."""
RULES_OF_EVERY_JOB = 0.7


def configs() -> dict[str, dict]:
    """Return configs of one small study, each of which differs at another step."""
    base = deepcopy(CONFIG)
    first = base["datasets"]["first"]
    first["stimuli"]["images_per_object"] = 6
    first["reference"] = [
        {
            **{"model": "pixels", "readout": "ridge_cv_pcs", "split": "test"},
            **{"measure": "pearson_r_mean", "value": 0.5, "source": "nobody"},
        }
    ]
    base["datasets"] = {"first": first, "second": {**deepcopy(first), "models": ["pixels"]}}
    base["datasets"]["second"]["responses"]["n_it_sites"] = 4
    for name in ("net", "other"):
        del base["models"][name]
    for name in ("classifier", "tuned"):
        base["models"][name]["training"] = {**base["models"][name]["training"], "epochs": 2}
    del base["readouts"]["linear_pcs"]
    base["models"]["tuned"]["readouts"] = ["ridge_cv_pcs", "head"]
    found = {"base": base}

    def variant(name: str) -> dict:
        found[name] = deepcopy(base)
        return found[name]

    variant("components")["pca"]["n_components"] = 5
    variant("alphas")["readouts"]["ridge_cv_pcs"]["alphas"] = {"low": -3, "high": 5, "count": 5}
    variant("ceilings")["scores"] = {**base["scores"], "ceiling_floor": 0.3}
    variant("label")["models"]["pixels"]["label"] = "Raw pixels"
    variant("training")["models"]["classifier"]["training"]["learning_rate"] = 0.002
    for name, key in (("stimuli", "stimuli"), ("split", "split")):
        for dataset in variant(name)["datasets"].values():
            given = dataset.get(key, {})
            dataset[key] = (
                {**given, "images_per_object": 7}
                if name == "stimuli"
                else {
                    **given,
                    **{"method": "random", "seed": 3},
                }
            )
    return found


def tables(folder: Path) -> dict[str, bytes]:
    """Return every CSV of a project."""
    results = folder / "results"
    return {str(path.relative_to(results)): path.read_bytes() for path in results.rglob("*.csv")}


class Campaign:
    """Rounds over one project.

    Parameters
    ----------
    folder : Path
        An empty folder.
    n_configs : int
        How many of the configs take part.
    seed : int
        Of all choices.
    """

    def __init__(self, folder: Path, n_configs: int, seed: int = 0):
        self.folder = folder
        self.rng = random.Random(seed)
        self.configs = dict(list(configs().items())[:n_configs])
        self.counts: Counter[tuple[str, str]] = Counter()
        self.rounds = 0
        self.runs = 0
        self.server = JobServer(folder / "jobs.socket")

    def finish_clean(self) -> None:
        """Finish a project for each config, from nothing."""
        self.clean = {}
        for name, config in self.configs.items():
            project = self._create(name)
            project.write_config(config)
            status = self._run(project, None)
            assert status == 0, self._said()
            self.clean[name] = tables(project.folder)
            print(f"clean: {name}, {len(self.clean[name])} tables", flush=True)
        distinct = {tuple(sorted(found.items())) for found in self.clean.values()}
        assert len(distinct) == len(self.clean), "configs whose results do not differ"

    def rules(self) -> set[str]:
        """Return the rules whose jobs leave a record."""
        return {
            path.stem
            for path in (HERE.parents[1] / "workflow" / "scripts").glob("*.py")
            if "with job(" in path.read_text()
        }

    def round(self, wanted: list[str], probability: float) -> None:
        """Put one config in place of another, and interrupt; compare what stands in the end."""
        old, new, last = self.rng.sample(sorted(self.configs), 3)
        if "prepare_stimuli" in wanted and "stimuli" in self.configs:
            new = "stimuli" if old != "stimuli" else "base"
        if self.rng.random() < 0.5 or last == old:
            last = new
        folder = self.folder / "round"
        shutil.rmtree(folder, ignore_errors=True)
        project = Project(self.folder / old).copy(folder)
        notes = self.folder / f"notes-{self.rounds}"
        notes.mkdir()
        seed = self.rng.randrange(10**9)
        for number in range(MAX_RUNS):
            is_left_alone = number >= MAX_RUNS - 5
            project.write_config(self.configs[new if number < 3 else last])
            faults = Faults(notes, seed, probability, wanted, list(FAULTS))
            before = len(list(notes.iterdir()))
            status = self._run(project, None if is_left_alone else faults)
            if status == 0 and number >= 3 and len(list(notes.iterdir())) == before:
                break
            if self.rng.random() < 0.2:
                shutil.rmtree(folder / ".snakemake", ignore_errors=True)
        else:
            raise AssertionError(f"{old} to {last} does not end:\n{self._said()}")
        time.sleep(4.5)  # the orphans that sleep
        status = self._run(project, None)
        assert status == 0, self._said()
        self.counts.update(faults.counts())
        self.rounds += 1
        found = tables(folder)
        wrong = [name for name, content in self.clean[last].items() if found.get(name) != content]
        assert not wrong, f"round {self.rounds}, {old} to {new} to {last}: {wrong}"
        print(
            f"round {self.rounds}: {old} to {new} to {last}, {number + 2} runs,"
            f" {sum(self.counts.values())} jobs interrupted so far",
            flush=True,
        )

    def by_rule(self) -> Counter[str]:
        """Return how many jobs of each rule were interrupted."""
        found: Counter[str] = Counter(dict.fromkeys(self.rules(), 0))
        for (rule, _), count in self.counts.items():
            found[rule] += count
        return found

    def report(self) -> str:
        """Return the counts by rule and kind, as a table in Markdown."""
        lines = ["| rule | " + " | ".join(FAULTS) + " | all |", "|---|" + "---|" * 5]
        for rule, count in sorted(self.by_rule().items()):
            cells = [str(self.counts[rule, how]) for how in FAULTS]
            lines.append(f"| {rule} | " + " | ".join(cells) + f" | {count} |")
        sums = [sum(n for (_, how), n in self.counts.items() if how == kind) for kind in FAULTS]
        lines.append("| all | " + " | ".join(map(str, sums)) + f" | {sum(sums)} |")
        return "\n".join(lines) + f"\n\n{self.rounds} rounds, {self.runs} runs"

    def _create(self, name: str) -> Project:
        project = Project.create(self.folder / name)
        for rules in (project.folder / "workflow" / "rules").glob("*.smk"):
            # Snakemake measures jobs that it starts itself; these are started by the server.
            text = re.sub(r'    benchmark:\n        ".*"\n', "", rules.read_text())
            rules.write_text(text)
        return project

    def _run(self, project: Project, faults: Faults | None) -> int:
        self.runs += 1
        return run_snakemake(project.folder, self.server, faults, self.folder / "said.txt")

    def _said(self) -> str:
        return (self.folder / "said.txt").read_text()[-4000:]


def main(count: int = 300, each: int = 10, n_configs: int = 8) -> None:
    """Run rounds until enough jobs were interrupted."""
    os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")
    for module in WARM:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), n_configs)
        with campaign.server:
            campaign.finish_clean()
            while sum(campaign.counts.values()) < count or min(campaign.by_rule().values()) < each:
                rare = [rule for rule, found in campaign.by_rule().items() if found < each]
                campaign.round(rare, RULES_OF_EVERY_JOB)
        print(campaign.report())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
