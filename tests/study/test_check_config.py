"""A wrong config is refused in words that name the key and the nearest right name."""

import datetime
import math
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from ventral.errors import VentralError
from ventral.study.check_config import check_config

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "workflow" / "schemas"


LAID_OVER = {"cowley_v4_fine_tuning": "cowley_v4"}


def config(name="config"):
    read = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    if name not in LAID_OVER:
        return read
    whole = config(LAID_OVER[name])
    update_config(whole, read)
    return whole


def change(config, path, value):
    """Set ``a: b: c`` of a config; None removes it."""
    *parents, last = path.split(": ")
    for key in parents:
        config = config[key]
    if value is None:
        del config[last]
    else:
        config[last] = value


@pytest.mark.parametrize("name", [path.stem for path in (ROOT / "config").glob("*.yaml")])
def test_the_projects_configs_are_right(name):
    check_config(config(name), SCHEMAS)


def test_defaults_are_filled_in():
    filled = config()
    check_config(filled, SCHEMAS)
    assert filled["compute"] == {"device": "auto", "batch_size": 64, "workers": 0}
    assert filled["datasets"]["simulated"]["responses"]["n_it_sites"] == 48
    assert filled["datasets"]["simulated"]["split"]["fractions"]["train"] == 4
    assert filled["models"]["resnet18_random"]["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
    assert filled["models"]["pixels"]["weights"] is None


MODEL = "models: resnet18_random"
REFERENCE = {
    **{"model": "pixels", "readout": "ridge_raw", "split": "test"},
    **{"measure": "r2_mean", "value": 0.1, "source": "a paper"},
}
TUNED = "models: shallow_cnn_fine_tuned"
WRONG = [
    (
        "scores",
        {"n_permutations": 50},
        "with 50 no p is under 0.02; give 0 .*least 99",
    ),
    ("scores", {"n_permutations": -1}, "scores: n_permutations: -1 is less than"),
    ("datasets: simulated: brain_score", True, "brain_score: .*several splits; .*repeats: 10"),
    (
        "datasets: simulated: reference",
        [REFERENCE | {"measure": "r2_over_ceiling"}],
        "'r2_over_ceiling' is of Brain-Score's protocol; give brain_score: true",
    ),
    ("readout", {}, "readout: unknown key; did you mean 'readouts'?"),
    (f"{MODEL}: tap", {}, f"{MODEL}: tap: unknown key; did you mean 'taps'?"),
    (f"{MODEL}: seed", "one", f"{MODEL}: seed: must be a whole number, not 'one'"),
    (f"{MODEL}: taps: main", "conv1", f"{MODEL}: taps: main: must be a list, not 'conv1'"),
    (f"{MODEL}: dtype", "float61", "'float61' is unknown; did you mean 'float16'"),
    (f"{MODEL}: weights", 7, f"{MODEL}: weights: 7 is none of: null \\(random\\)"),
    (f"{MODEL}: weights", {"url": "https://x/y"}, "none of: null .*with sha256"),
    (f"{MODEL}: taps", None, f"{MODEL}: 'taps' is missing"),
    (f"{MODEL}: taps: more", ["layer1"], f"{MODEL}: taps: layer 'layer1' is duplicated"),
    (f"{MODEL}: taps: head", ["fc"], f"{MODEL}: taps: 'head' is reserved: .*another name"),
    ("models: net.resume", {"architecture": "alexnet"}, "net.resume: a name cannot end in"),
    (
        "datasets: summary_by_region.csv",
        {"source": "simulated"},
        "'summary_by_region' is reserved: it lies beside the data sets",
    ),
    (f"{MODEL}: readouts", ["ridge_cvs"], "'ridge_cvs' is unknown; did you mean .*'ridge_cv'"),
    ("models: ../../etc", {}, "models: '../../etc' is not a name"),
    (f"{MODEL}: taps: main", ["../x"], "'../x' is not a name"),
    ("models: pixels: weights", "DEFAULT", "models: pixels: weights: `pixels` has none"),
    ("datasets: simulated: source", "simulate", "source: 'simulate' is unknown; .*'simulated'"),
    ("datasets: simulated: model", [], "datasets: simulated: model: unknown key; .*'models'"),
    ("datasets: simulated: models", ["resnet18"], "did you mean 'resnet18_random'"),
    (
        "datasets: simulated: responses",
        {"n_sites": 3},
        "responses: n_sites: unknown key; did you mean 'n_.._sites' or 'n_.._sites'",
    ),
    ("datasets: simulated: reference", [{"model": "pixel"}], "reference: 0: 'readout' is missing"),
    (
        "datasets: simulated: reference",
        [REFERENCE | {"model": "pixel"}],
        "reference: model 'pixel' is unknown; did you mean 'pixels'",
    ),
    (
        "datasets: simulated: reference",
        [REFERENCE | {"layer": "layer1"}],
        "reference: layer 'layer1' is unknown; there is pixels",
    ),
    ("datasets: simulated: split", {"method": "rand"}, "method: 'rand' is unknown; .*'random'"),
    (
        "datasets: simulated: split",
        {"method": "folds"},
        "'folds' is unknown; did you mean 'k_fold'",
    ),
    ("datasets: simulated: split", {"method": "k_fold", "folds": 1}, "folds: 1 is less than"),
    (
        "readouts: ridge_cv: choose_alpha",
        "groups",
        "chooses alpha by leaving out groups",
    ),
    (
        "datasets: simulated: split",
        {"method": "repeated"},
        "'repeated' has folds, and model 'shallow_cnn_categories' is trained, which needs",
    ),
    ("readouts: linear_raw: method", "pls", "linear_raw: n_components is missing; pls needs"),
    (
        "datasets: simulated: reference",
        [REFERENCE | {"split": "folds"}],
        "reference: split 'folds' is not what 'given' gives; it has train, validation, test",
    ),
    ("readouts: ridge_raw: alpha", None, "readouts: ridge_raw: alpha is missing"),
    ("readouts: ridge_raw: alpha", -1, "alpha: -1 is less than or equal to"),
    ("readouts: linear_pcs: alpha", 1.0, "only ridge has one fixed alpha"),
    ("readouts: linear_pcs: n_components", 400, "400 is more than pca: n_components, 100"),
    ("readouts: linear_raw: n_components", 4, "raw features have no components"),
    (
        "readouts: linear_raw: method",
        "forest",
        "method: 'forest' is unknown; there is linear, ridge",
    ),
    (f"{TUNED}: start", "shallow", "start: 'shallow' is unknown; did you mean 'shallow_cnn"),
    (f"{TUNED}: start", "resnet18_random", "start: 'resnet18_random' is not trained"),
    (f"{TUNED}: start", "shallow_cnn_fine_tuned", "start: a circle"),
    (f"{TUNED}: arguments", {"layers": 4}, "arguments: must be that of 'shallow_cnn_categories'"),
    (f"{TUNED}: training", None, "start: only a model that is trained starts from another"),
    (f"{TUNED}: weights", "DEFAULT", "weights: `start` gives the weights"),
    (f"{TUNED}: taps", {}, "'taps' is missing"),
    (f"{TUNED}: training: epoch", 3, "training: epoch: unknown key; did you mean 'epochs'"),
    (f"{TUNED}: training: task", "response", "'response' is unknown; did you mean 'responses'"),
    ("models: pixels: training", {"task": "responses"}, "`pixels` has nothing to train"),
    (f"{MODEL}: readouts", ["head"], "'head' is the network's own head, which only"),
    ("readouts: head: features", "pcs", "readouts: head: a head reads no features"),
    ("readouts: linear_raw: features", None, "readouts: linear_raw: 'features' is missing"),
    ("figures: readout", "ridge_cvs", "figures: readout: 'ridge_cvs' is unknown"),
    ("pca: n_components", "4", "pca: n_components: must be a whole number, not '4'"),
    ("datasets", {}, "datasets: .*(non-empty|enough properties)"),
    ("seed", 2**64, "seed: 18446744073709551616 is greater than the maximum"),
    (f"{MODEL}: seed", 1e30, "seed: 1e\\+30 is greater than the maximum"),
    ("datasets: simulated: split", {"method": "random", "seed": 2**32}, "split: seed: .*maximum"),
    ("datasets: simulated: stimuli", {"seed": 2**32}, "stimuli: seed: .*maximum"),
    ("readouts: ridge_raw: alpha", math.nan, "ridge_raw: alpha: must be a finite number, not nan"),
    ("readouts: ridge_raw: alpha", 10**400, "alpha: must be a finite number, not .* 1329 bits"),
    ("readouts: ridge_raw: sweep", {"alpha": [math.inf]}, "sweep: alpha: 0: must be a finite"),
    ("readouts: ridge_cv: alphas", {"high": 400}, "alphas: high: 400 is greater than"),
    (f"{MODEL}: arguments", {"p": [-math.inf]}, "arguments: p: 0: must be a finite number"),
    (f"{MODEL}: arguments", {"on": datetime.date(2026, 1, 2)}, "arguments: on: .*type date; give"),
    (f"{MODEL}: arguments", {"p": {1: 2}}, "arguments: p: the key 1 is not text"),
    (f"{MODEL}: preprocessing", {"std": [1, 0, 1]}, "preprocessing: std: 1: 0 is less than or"),
    (f"{MODEL}: preprocessing", {"resize": "crop"}, "crop needs a resize_side of at least"),
    ("models: Pixels", {"architecture": "pixels", "taps": {"main": ["pixels"]}}, "differ in case"),
    (f"{MODEL}: taps: Main", ["fc"], "taps: 'main' and 'Main' differ in case alone"),
    (f"{MODEL}: taps: HEAD", ["fc"], "taps: 'head' is reserved"),
    ("datasets: index.html", {"source": "simulated"}, "'index.html' is reserved"),
    ("datasets: con", {"source": "simulated"}, "datasets: con: Windows has no files of this name"),
    ("readouts: l.", {"method": "linear", "features": "raw"}, "readouts: l.: Windows has no files"),
    ("datasets: " + 151 * "a", {"source": "simulated"}, "has 151 bytes, .* takes 150; choose"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_a_wrong_config_is_refused(path, value, message):
    wrong = config()
    del wrong["models"]["shallow_cnn_fine_tuned"]["sweep"]  # it has complaints of its own
    change(wrong, path, value)
    with pytest.raises(VentralError, match=message):
        check_config(wrong, SCHEMAS)


def test_a_config_that_holds_itself():
    wrong = config()
    wrong["models"]["pixels"]["arguments"] = wrong["models"]
    with pytest.raises(VentralError, match="an alias leads to what holds it"):
        check_config(wrong, SCHEMAS)


def test_a_sweep_whose_names_no_file_system_takes():
    wrong = config()
    wrong["models"]["shallow_cnn_fine_tuned"]["sweep"] = {
        "trainable": [["stage6.*", "stage5.*", "stage4.*", "stage3.*"]],
        "augmentation": [["crop", "flip"]],
        **{key: [0.123456789] for key in ("learning_rate", "weight_decay", "head.dropout")},
    }
    with pytest.raises(VentralError, match=r"name 'shallow_cnn_fine_tuned\..* has 1\d\d bytes"):
        check_config(wrong, SCHEMAS)


def test_all_complaints_come_at_once():
    wrong = config()
    change(wrong, f"{MODEL}: seed", "one")
    change(wrong, "pca: n_component", 3)
    with pytest.raises(VentralError) as error:
        check_config(wrong, SCHEMAS)
    assert "must be a whole number" in str(error.value)
    assert "did you mean 'n_components'" in str(error.value)


def test_stimuli_without_labels_cannot_be_classified():
    wrong = config("cowley_v4")
    wrong["models"]["squeezenet1_1"]["training"] = {"task": "classification"}
    with pytest.raises(VentralError, match="'cowley_v4_201025' have no category to learn"):
        check_config(wrong, SCHEMAS)
