"""No two entries of a config share a file, whatever their names are."""

import itertools
import re
from collections import defaultdict
from pathlib import PurePosixPath

import pytest
import yaml
from snakemake.api import ConfigSettings, OutputSettings, ResourceSettings, SnakemakeApi
from snakemake.settings.enums import Quietness

from toy_project import ROOT
from ventral.errors import VentralError
from ventral.study.check_config import check_config

STEMS = ("x", "net", "main", "linear")
ENDINGS = (
    *("", ".resume", ".training", ".freed", ".population", ".lineage", ".partial", "."),
    *(".pt", ".csv", ".json", ".zarr", ".npz", ".resume.pt", ".training.csv", ".zarr.json"),
    *(".zarr.host-1.partial", ".fetching", ".a-1", "_1", "-1"),
)
WHOLE = (
    *("head", "scores", "tables", "figures", "population", "draws", "pruned", "heads", "fits"),
    *("summary_by_region", "summary_by_region.csv", "index.html", "scores.csv", "summary.csv"),
    *("split.csv", "stimuli", "stimuli.zarr", "checkpoints", "pca", "gram", "activations"),
    *("fit_readout", "train_model", "verify", "sizes.log", "downloads", "weights", "CON", "nul.x"),
)
NAMES = [*(stem + ending for stem in STEMS for ending in ENDINGS), *WHOLE]


def config_of(datasets, models, taps, readouts):
    training = {"task": "responses", "head": {"layer": "fc"}}
    layers = [f"layer{i + 1}" for i in range(len(taps))]
    return {
        "datasets": {name: {"source": "simulated"} for name in datasets},
        "models": {
            name: {
                "architecture": "resnet18",
                "training": training,
                "taps": {taps: [layer] for taps, layer in zip(taps, layers, strict=True)},
            }
            for name in models
        },
        "pca": {"n_components": 8},
        "readouts": {
            **{name: {"method": "linear", "features": "raw"} for name in readouts},
            "its_own": {"method": "head"},
        },
    }


def allowed():
    """Return the names that are allowed as those of a data set, a model, a tap set, a readout."""
    kinds = ("datasets", "models", "taps", "readouts")
    found = {}
    for kind in kinds:
        found[kind] = []
        for name in NAMES:
            names = {other: ["plain"] for other in kinds} | {kind: [name]}
            try:
                check_config(config_of(**names), ROOT / "workflow" / "schemas")
            except VentralError:
                continue
            found[kind].append(name)
    return found


def patterns_of(folder, config):
    """Return the patterns of all files that rules write, by rule."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
            snakefile=ROOT / "Snakefile",
            workdir=folder,
        )
        workflow.dag()  # reads the Snakefile
        found = {}
        for rule in workflow._workflow.rules:
            found[rule.name] = [str(file) for file in (*rule.output, *rule.log)]
            if rule.benchmark:
                found[rule.name].append(str(rule.benchmark))
    return found


@pytest.mark.slow
def test_no_two_entries_share_a_path(tmp_path):
    names = allowed()
    assert {"main.freed", "x.population", "x.training"} <= set(names["taps"])
    assert "x.resume" not in names["models"] and "head" not in names["taps"]
    values = {
        "dataset": names["datasets"],
        "model": names["models"],
        "taps": [*names["taps"], "head"],
        "readout": [*names["readouts"], "its_own"],
    }
    patterns = patterns_of(tmp_path, config_of(["plain"], ["plain"], ["plain"], ["plain"]))
    assert len(patterns) > 20
    # The scores of a pool have the place of those of a data set, and no data set has its name.
    patterns["score_pool"] = [path for path in patterns["score_pool"] if "/score_pool/" in path]
    assert len(patterns["score_pool"]) == 2  # its log and its benchmark
    # So do the matrices of a data set that is given as dissimilarities, and none is of both kinds.
    given = patterns["draw_given_dissimilarities"]
    patterns["draw_given_dissimilarities"] = [path for path in given if path.startswith("logs/")]
    assert len(patterns["draw_given_dissimilarities"]) == 1
    owners, folders = {}, defaultdict(set)
    for rule, files in patterns.items():
        for pattern in files:
            wildcards = list(dict.fromkeys(re.findall(r"{(\w+)[^}]*}", pattern)))
            if not set(wildcards) <= set(values):
                continue  # downloads lie in a folder of their own, under their sums
            for chosen in chosen_values(wildcards, values):
                path = pattern
                for name, value in zip(wildcards, chosen, strict=True):
                    path = re.sub(rf"{{{name}(,[^}}]*)?}}", lambda _, v=value: v, path)
                owner = (rule, pattern, chosen)
                assert owners.setdefault(path, owner) == owner, path
                folders[str(PurePosixPath(path).parent)].add(path)
    for folder in folders:
        parents = [folder, *map(str, PurePosixPath(folder).parents)]
        for parent in parents:
            assert parent not in owners, (parent, folder)
    resumed = {path.removesuffix(".pt") + ".resume.pt" for path in owners if path.endswith(".pt")}
    assert resumed and not resumed & owners.keys()


def chosen_values(wildcards, values):
    """Give combinations of names: of each two wildcards every pair, the others plain."""
    seen = set()
    for pair in itertools.combinations(wildcards, min(2, len(wildcards))) or [()]:
        for some in itertools.product(*(values[name] for name in pair)):
            chosen = dict.fromkeys(wildcards, "plain") | dict(zip(pair, some, strict=True))
            seen.add(tuple(chosen[name] for name in wildcards))
    return seen or {()}
