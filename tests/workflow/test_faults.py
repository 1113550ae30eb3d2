"""Killed jobs, flipped bits, a full disk, two runs at once: no wrong number is ever used."""

import contextlib
import json
import logging
import os
import random
import re
import signal
import struct
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from killed_steps import version
from toy_project import ROOT, Project
from ventral.errors import VentralError
from ventral.jobs.verify import verify_results
from ventral.networks.build import build_model
from ventral.storage.atomic import write_json
from ventral.storage.store import Store, manifest_path
from ventral.storage.store_writer import write_store
from ventral.study.check_config import check_config
from ventral.training.checkpoint import ResumeFile, read_checkpoint
from ventral.training.stage import Sources, train_model

pytestmark = pytest.mark.slow
N_FLIPS = 40
N_KILLED_WRITERS = 44
N_KILLED_RUNS = 6
N_KILLS_OF_A_STEP = 6
N_KILLS_OF_TRAINING = 16
N_FLIPS_OF_METADATA = 60
N_FLIPS_OF_CHECKPOINTS = 40


def flip_bit(path, rng, first=0, end=None):
    """Flip one bit of a file, or of some of its bytes."""
    content = bytearray(path.read_bytes())
    place = rng.randrange(first, len(content) if end is None else end)
    content[place] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


@dataclass(frozen=True)
class Part:
    """A file of a store, or a member of a packed one, such as a chunk of an array."""

    store: Path
    name: str

    @property
    def file(self):
        """The file that holds it."""
        return self.store / self.name if self.store.is_dir() else self.store

    @property
    def array(self):
        """The array that a chunk belongs to."""
        return re.fullmatch(r"(.*)/c(/\d+)*", self.name)[1]

    def read(self):
        """Return its bytes."""
        if self.store.is_dir():
            return self.file.read_bytes()
        with zipfile.ZipFile(self.store) as packed:
            return packed.read(self.name)

    def flip_bit(self, rng):
        """Flip one of its bits on the disk."""
        if self.store.is_dir():
            flip_bit(self.file, rng)
            return
        with zipfile.ZipFile(self.store) as packed:
            member = packed.getinfo(self.name)
        content = self.store.read_bytes()
        lengths = content[member.header_offset + 26 : member.header_offset + 30]
        first = member.header_offset + 30 + sum(struct.unpack("<HH", lengths))
        flip_bit(self.store, rng, first, first + member.compress_size)

    def replace(self, content):
        """Write other bytes in its place, or none at all."""
        if self.store.is_dir():
            self.file.unlink()
            if content is not None:
                self.file.write_bytes(content)
            return
        with zipfile.ZipFile(self.store) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
        del members[self.name]
        if content is not None:
            members[self.name] = content
        with zipfile.ZipFile(self.store, "w") as packed:
            for name, of_member in members.items():
                packed.writestr(name, of_member)


def parts(project, pattern="**", *, are_chunks=True):
    """Return the chunks of all arrays of the stores of a pattern, or else their metadata."""
    found = []
    for store in sorted(project.folder.glob(f"results/{pattern}/*.zarr")):
        if store.is_dir():
            names = [str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()]
        else:
            with zipfile.ZipFile(store) as packed:
                names = packed.namelist()
        names = [name for name in names if not name.endswith(".snakemake_timestamp")]
        found += [
            Part(store, name) for name in sorted(names) if name.endswith("zarr.json") != are_chunks
        ]
    return found


def of_kind(project, dataset, kind):
    """Return the chunks of the stores of a kind, such as ``gram``."""
    found = parts(project, f"{dataset}/**")
    folder = project.folder / "results" / dataset
    return [part for part in found if part.store.relative_to(folder).parts[0].startswith(kind)]


def test_a_whole_project_verifies(project):
    done = project.run("verify")
    assert done.returncode == 0, done.stdout[-2000:]
    count = len(list(project.folder.glob("results/**/*.zarr")))
    assert count > 20
    said = f"{count} stores are what their manifests say, 2 checkpoints are whole"
    assert said in done.stdout
    assert not project.plan()


def test_every_flipped_bit_is_found(project):
    rng = random.Random(0)
    for chunk in rng.sample(parts(project), N_FLIPS):
        before = chunk.file.read_bytes()
        chunk.flip_bit(rng)
        with pytest.raises(VentralError, match=f"rm -r {re.escape(str(chunk.store))} "):
            Store(chunk.store).verify()
        chunk.file.write_bytes(before)
    verify_results(project.folder / "results")


def test_a_flipped_bit_in_metadata_is_found_or_changes_no_number(project):
    """In manifests, and in the files in which Zarr keeps how to read an array."""
    rng = random.Random(5)
    metadata = parts(project, are_chunks=False)
    found = 0
    for part in rng.choices(metadata, k=N_FLIPS_OF_METADATA):
        is_manifest = rng.random() < 0.5
        file = manifest_path(part.store) if is_manifest else part.file
        before = file.read_bytes()
        if is_manifest:
            flip_bit(file, rng)
        else:
            part.flip_bit(rng)
        try:
            Store(part.store).verify()
        except VentralError:  # and no other error
            found += 1
        file.write_bytes(before)
    assert found > N_FLIPS_OF_METADATA / 4
    verify_results(project.folder / "results")


@pytest.mark.parametrize("kind", ["stimuli", "responses", "activations", "gram", "pca", "fits"])
def test_missing_and_foreign_chunks_are_found(project, kind):
    """Every chunk in turn: taken away, it would read as zeros; exchanged, as another's numbers."""
    exchanged = 0
    for chunk in of_kind(project, "first", kind):
        store, content, whole = chunk.store, chunk.read(), chunk.file.read_bytes()
        values = Store(store).group[chunk.array][...]
        chunk.replace(None)
        if values.dtype.kind == "T" or values.any():  # else zeros are right
            with pytest.raises(VentralError, match=f"rm -r {re.escape(str(store))} "):
                Store(store).verify()
        chunk.file.write_bytes(whole)
        results = project.folder / "results"
        foreign = Part(results / "second" / store.relative_to(results / "first"), chunk.name)
        if foreign.file.exists() and foreign.read() != content:
            chunk.replace(foreign.read())
            with pytest.raises(VentralError, match=f"rm -r {re.escape(str(store))} "):
                Store(store).verify()
            exchanged += 1
        chunk.file.write_bytes(whole)
    assert exchanged


def test_verify_names_every_damaged_store_and_repair_gives_the_same_scores(project):
    scores = {path: path.read_bytes() for path in project.folder.glob("results/*/scores.csv")}
    rng = random.Random(1)
    for kind in ("activations", "gram", "pca"):
        next(
            part for part in of_kind(project, "first", kind) if "net" in part.store.parts
        ).flip_bit(rng)
    flip_bit(project.folder / "results/first/checkpoints/tuned.pt", rng)
    done = project.run("verify")
    assert done.returncode != 0
    assert "4 of" in done.stdout
    commands = set(re.findall(r"run again: (rm \S.*)", done.stdout))
    assert len(commands) == 4
    for command in commands:
        subprocess.run(command.split(), cwd=project.folder, check=True)
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert {path: path.read_bytes() for path in scores} == scores
    assert project.run("verify").returncode == 0


@pytest.mark.parametrize(
    ("kind", "consumer"),
    [("activations", "compute_gram"), ("gram", "fit_pca"), ("pca", "fit_readout")],
)
def test_a_consumer_stops_at_a_damaged_store(project, kind, consumer):
    """The store's consumer is asked to run again, after a bit of the store has flipped."""
    rng = random.Random(2)
    for chunk in parts(project, f"first/{kind}/net"):
        chunk.flip_bit(rng)
    done = project.run("--forcerun", consumer, "--until", consumer)
    assert done.returncode != 0
    assert re.search(r"results/first/\S+\.zarr is damaged: .* rm -r ", done.stdout)
    assert "Traceback" not in done.stdout


def same(one, other):
    """Tell whether two checkpoints hold the same, tensors to the bit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def test_a_flipped_bit_of_a_checkpoint_is_found_or_changes_no_number(project, tmp_path):
    """Neither as weights nor as a head, and torch itself would read most of them."""
    rng = random.Random(6)
    entry = {"architecture": "ventral.networks.shallow_cnn:shallow_cnn"}
    entry["arguments"] = {"layers": 4}
    copy, found = tmp_path / "copy.pt", 0
    for number in range(N_FLIPS_OF_CHECKPOINTS):
        model = ("classifier", "tuned")[number % 2]
        original = project.folder / f"results/first/checkpoints/{model}.pt"
        copy.write_bytes(original.read_bytes())
        flip_bit(copy, rng)
        try:
            content, network = read_checkpoint(copy), build_model(entry, copy, 0)
        except VentralError as error:  # and no other error
            assert str(copy) in str(error)
            found += 1
        else:
            right = torch.load(original, weights_only=True)
            assert same(content, right)
            assert same(dict(network.state_dict()), dict(right["state_dict"]))
    assert found > N_FLIPS_OF_CHECKPOINTS / 2


def test_a_flipped_bit_of_the_progress_of_a_training_is_found(tmp_path):
    """Training then starts from scratch, and the log says why."""
    rng = random.Random(7)
    state = {"model": {"weight": torch.arange(3000.0)}, "rows": [{"epoch": 1}]}
    file, found = ResumeFile(tmp_path / "m.resume.pt", "key"), 0
    for _ in range(N_FLIPS_OF_CHECKPOINTS):
        file.save(state)
        flip_bit(file.path, rng)
        loaded = file.load()
        assert loaded is None or same(loaded, state)
        found += loaded is None
    assert found > N_FLIPS_OF_CHECKPOINTS / 2


@contextlib.contextmanager
def killed_step(folder, script, job, seed):
    """Give a function that runs a script as `killed_steps` is told to, and returns what it says."""
    process = subprocess.Popen(
        [
            sys.executable,
            ROOT / "tests/killed_steps.py",
            script,
            json.dumps({"log": ["log.txt"], "threads": 1, **job}),
            str(seed),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(how):
        process.stdin.write(f"{how}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    with process:
        assert process.stdout.readline() == "ready\n"
        yield run
        process.stdin.close()


WRITER = """
import numpy as np
import pandas as pd

from ventral.storage.store_writer import write_store
from ventral.storage.tables import write_csv

values = np.random.default_rng().normal(size=(300, 2000))
with write_store("a.zarr", packed={packed}) as store:
    store.put("values", values, ("stimulus", "site"))
    store.put("sum", [values.sum()], ("one",))
write_csv("a.csv", pd.DataFrame(values[:, [0, 0]], columns=["value", "same"]))
"""


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "packed"])
def test_a_killed_writer_leaves_a_whole_store_or_none(tmp_path, packed):
    """Kill -9 at random moments of writing: what has a manifest is right, to the last number."""
    script, found = tmp_path / "writer.py", 0
    script.write_text(WRITER.format(packed=packed))
    with killed_step(tmp_path, script, {}, seed=3) as run:
        for number in range(N_KILLED_WRITERS):  # on a busy machine too, every second one writes
            assert run("again a.json" if number % 2 else "again") == "killed"
            if (tmp_path / "a.json").exists():
                store = Store(tmp_path / "a.zarr")
                store.verify()
                np.testing.assert_allclose(store.read("values").sum(), store.read("sum")[0])
                found += 1
            if (tmp_path / "a.csv").exists():
                table = pd.read_csv(tmp_path / "a.csv")
                assert len(table) == 300
                assert (table["value"] == table["same"]).all()
    assert found  # some kills came after a store was whole


NET = "results/first/{}/net/main"
JOBS = {
    "extract_activations": {
        "input": {"stimuli": "results/first/stimuli.zarr"},
        "output": {"store": NET.format("activations") + ".zarr"},
        "config": {"compute": {}},
    },
    "compute_gram": {
        "input": {"activations": NET.format("activations") + ".zarr"},
        "output": {"store": NET.format("gram") + ".zarr"},
    },
    "fit_pca": {
        "input": {"gram": NET.format("gram") + ".zarr", "split": "results/first/split.csv"},
        "output": {"store": NET.format("pca") + ".zarr"},
        "params": {"settings": {"n_components": 8, "when_rank_is_lower": "fail"}},
    },
    "fit_readout": {
        "input": {
            "components": NET.format("pca") + ".zarr",
            "responses": "results/first/responses.zarr",
            "split": "results/first/split.csv",
        },
        "output": {"store": NET.format("fits") + "/linear_pcs.zarr"},
        "params": {"settings": {"method": "linear", "features": "pcs"}},
    },
    "score_readout": {
        "input": {
            "fit": NET.format("fits") + "/linear_pcs.zarr",
            "responses": "results/first/responses.zarr",
            "ceilings": "results/first/ceilings.csv",
        },
        "output": {
            "sites": NET.format("scores") + "/linear_pcs.csv",
            "population": NET.format("population") + "/linear_pcs.csv",
            "draws": NET.format("draws") + "/linear_pcs.npz",
        },
        "params": {"settings": {"ceiling_floor": 0.1, "seed": 0, "n_bootstrap": 20}},
    },
}
JOBS["extract_activations"]["params"] = {
    "settings": {
        **{"architecture": "squeezenet1_1", "arguments": {}, "weights": None, "seed": 0},
        **{"dtype": "float16", "stochastic": False, "layers": ["features.0", "features.3"]},
        "preprocessing": {
            **{"size": 32, "resize": "squash"},
            **{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
    }
}


def training_job(project, model, **changes):
    """Return what Snakemake hands to the training of a model, some of its settings changed."""
    config = project.config
    check_config(config, ROOT / "workflow/schemas")
    entry = config["models"][model]
    training = {**entry["training"], **changes}
    training["head"] = {**training["head"], "layer": "stage4"}
    keys = ("architecture", "arguments", "weights", "seed", "preprocessing")
    folder = "results/first"
    inputs = {"stimuli": f"{folder}/stimuli.zarr", "split": f"{folder}/split.csv"}
    if model == "tuned":
        inputs["responses"] = f"{folder}/responses.zarr"
        inputs["weights"] = f"{folder}/checkpoints/classifier.pt"
    return {
        "input": inputs,
        "output": {
            "checkpoint": f"{folder}/checkpoints/{model}.pt",
            "table": f"{folder}/checkpoints/{model}.training.csv",
        },
        "params": {
            "settings": {**{key: entry[key] for key in keys}, "training": training},
            "code": "of this test",
        },
        "config": {"compute": {"device": "cpu"}},
        "threads": 1,
    }


def step_script(step):
    return ROOT / f"workflow/scripts/{step}.py"


def log_of(project):
    log = project.folder / "log.txt"
    return log.read_text() if log.exists() else ""


@pytest.mark.parametrize("step", [*JOBS, "train_model"])
def test_a_killed_step_leaves_its_outputs_whole_or_not_there(project, step):
    """The real script of a step, killed at random moments: what is left is what was there."""
    job = JOBS.get(step) or training_job(project, "tuned", epochs=1)
    outputs = [project.folder / path for path in job["output"].values()]
    outputs = [path.with_suffix(".json") if path.suffix == ".zarr" else path for path in outputs]
    with killed_step(project.folder, step_script(step), job, seed=6) as run:
        # Made here once: the project's own had other threads, whose last bits may differ, and a
        # longer training, which no kill would come late in.
        assert run("whole") == "ended by itself", log_of(project)
        before = {path: path.read_bytes() for path in outputs}
        for _ in range(N_KILLS_OF_A_STEP):
            assert run("again") == "killed", log_of(project)
            for path in outputs:
                if path.exists():
                    assert path.read_bytes() == before[path]
                    if path.suffix == ".json":
                        Store(path.with_suffix(".zarr")).verify()


def last_epoch(progress):
    """Return the epoch after which a training would resume, 0 where it would start again."""
    if not progress.exists():
        return 0
    return torch.load(progress, weights_only=True)["state"]["rows"][-1]["epoch"]


def test_a_killed_training_ends_with_the_bits_of_an_uninterrupted_one(project):
    """Killed at any moment, and in every second run after it came on by an epoch."""
    job = training_job(project, "tuned", epochs=60)
    job["params"]["settings"]["training"]["head"]["dropout"] = 0.1
    outputs = [project.folder / path for path in job["output"].values()]
    progress = outputs[0].with_suffix(".resume.pt")
    with killed_step(project.folder, step_script("train_model"), job, seed=8) as run:
        assert run("whole") == "ended by itself", log_of(project)
        whole = {path: path.read_bytes() for path in outputs}
        kills, done, resumed = 0, 0, 0
        for path in outputs:  # as Snakemake does before it runs a job
            path.unlink()
        while kills < N_KILLS_OF_TRAINING:
            said = run("once" if kills % 2 else f"once {progress}")
            resumed += "training resumes after epoch" in log_of(project)
            for path in outputs:
                assert not path.exists() or path.read_bytes() == whole[path]
            if said == "killed" and not outputs[0].exists():
                kills += 1
                assert last_epoch(progress) >= done, "epochs that were whole are trained again"
                done = last_epoch(progress)
            else:  # it finished: the next one starts again
                done = 0
                for path in [*outputs, progress]:
                    path.unlink(missing_ok=True)
        assert resumed >= N_KILLS_OF_TRAINING / 2 - 1  # all that came on by an epoch, but the first
        assert run("whole") == "ended by itself", log_of(project)
    assert {path: path.read_bytes() for path in outputs} == whole
    left = {path.name for path in outputs[0].parent.iterdir() if path.name.startswith("tuned")}
    assert left == {"tuned.lineage", *(path.name for path in outputs)}


def whole_stores(project):
    """Count manifests, while jobs that run move folders away under the count."""
    files = [name for *_, names in os.walk(project.folder / "results") for name in names]
    return sum(name.endswith(".json") for name in files)


def start(project, *arguments):
    """Start a run, unheard, in a process group of its own."""
    return project.start(*arguments, stdout=subprocess.DEVNULL, start_new_session=True)


def kill_run(process):
    """Kill Snakemake and all its jobs at once, as a power cut does."""
    with contextlib.suppress(ProcessLookupError):  # it has come to its end
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_runs_end_in_the_same_scores(finished, tmp_path):
    """The whole workflow is killed again and again; each restart resumes."""
    project = Project.create(tmp_path / "project")
    rng = random.Random(4)
    left = []
    for _ in range(N_KILLED_RUNS):
        process = start(project)
        wanted = whole_stores(project) + 4  # on a busy machine too, each run gets somewhere
        while whole_stores(project) < wanted and process.poll() is None:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 2))
        kill_run(process)
        unlocked = project.run("--unlock")
        assert unlocked.returncode == 0, unlocked.stdout
        left.append(len(project.plan()))
    assert left == sorted(left, reverse=True)  # nothing that was whole is made again
    assert left[-1] < left[0]
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project.plan()
    for scores in finished.folder.glob("results/*/scores.csv"):
        ours = project.folder / scores.relative_to(finished.folder)
        assert ours.read_bytes() == scores.read_bytes()
    verify_results(project.folder / "results")
    assert not list(project.folder.rglob("*.partial"))


def test_a_run_killed_while_it_trains_goes_on_after_the_last_whole_epoch(project):
    """Then nothing else is left to do, for the checkpoints are the same to the bit."""
    folder = project.folder / "results/first/checkpoints"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for path in before:
        path.unlink()
    target, reached = "results/first/checkpoints/tuned.pt", []
    for model in ("classifier", "tuned", "tuned"):
        progress = folder / f"{model}.resume.pt"
        old = version(progress)
        process = start(project, target, "--nolock")
        while version(progress) == old and process.poll() is None:
            time.sleep(0.002)
        kill_run(process)
        reached.append(last_epoch(progress))
    assert reached[0] > 0 and 0 < reached[1] < reached[2]
    done = project.run(target)
    assert done.returncode == 0, done.stdout[-3000:]
    log = (project.folder / "logs/train_model/first/tuned.log").read_text()
    assert f"training resumes after epoch {reached[2]}\n" in log
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert not project.plan()


def test_two_runs_at_once(project):
    """The second is refused by Snakemake's lock and harms nothing."""
    process = start(project, "--forcerun", "train_model", "--until", "train_model")
    try:
        for _ in range(100):
            if any((project.folder / ".snakemake" / "locks").glob("*.lock")):
                break
            time.sleep(0.1)
        second = project.run("--forcerun", "train_model", "--until", "train_model")
        assert second.returncode != 0
        assert "cannot be locked" in second.stdout
        assert process.wait(timeout=300) == 0
    finally:
        if process.poll() is None:
            kill_run(process)
    assert not project.plan()


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk: mount says {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "packed"])
def test_a_full_disk_leaves_nothing_that_looks_complete(small_disk, packed):
    values = np.random.default_rng(0).normal(size=(100, 4000))
    full = pytest.raises((OSError, RuntimeError), match=r"No space left|os error 28")
    with full, write_store(small_disk / "a.zarr", packed=packed) as store:
        store.put("values", values, ("stimulus", "site"))
    assert list(small_disk.iterdir()) == []
    with pytest.raises(OSError, match="No space left"):
        write_json(small_disk / "a.json", ["x" * 100] * 20_000)
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_while_a_training_saves(project, small_disk, caplog, monkeypatch):
    """The job fails; the progress before stays whole, and with more space training resumes."""
    monkeypatch.chdir(project.folder)
    job = training_job(project, "tuned", epochs=3)
    given = job["params"]["settings"], Sources(**job["input"])
    train_model(*given, project.folder / "m.pt", project.folder / "m.training.csv", device="cpu")
    checkpoint, table = small_disk / "m.pt", small_disk / "m.training.csv"
    with pytest.raises((OSError, RuntimeError)):
        train_model(*given, checkpoint, table, device="cpu")
    assert [path.name for path in small_disk.iterdir()] == ["m.resume.pt"]
    assert last_epoch(small_disk / "m.resume.pt") == 1
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    with caplog.at_level(logging.INFO):
        train_model(*given, checkpoint, table, device="cpu")
    assert "training resumes after epoch 1" in caplog.text
    for path in (checkpoint, table):
        assert path.read_bytes() == (project.folder / path.name).read_bytes()


def test_a_folder_that_cannot_be_written(project):
    """A read-only results folder: the job fails with a message, and existing files stay."""
    folder = project.folder / "results/first/tables"
    protected = subprocess.run(["chattr", "+i", str(folder)], capture_output=True)
    if protected.returncode:
        pytest.skip(f"chattr says {protected.stderr.decode().strip()}")
    try:
        before = {path: path.read_bytes() for path in folder.iterdir()}
        done = project.run("--forcerun", "make_tables", "--until", "make_tables")
        assert done.returncode != 0
        assert "not permitted" in done.stdout or "Permission denied" in done.stdout
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
    finally:
        subprocess.run(["chattr", "-i", str(folder)], check=True)
