"""The workflow as a module of another one, from a folder and from a git repository."""

import functools
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from helpers import ROOT
from ventral.storage.store import Store

pytest.importorskip("git", reason="Snakemake reads git repositories with GitPython")

SUBFOLDER = "pipelines/vision"
CONFIG = {
    "datasets": {
        "own": {
            "source": "files",
            "stimuli": {"image_size": 8, "files": {"images": {"path": "data/images"}}},
            "responses": {"files": {"responses": {"path": "data/responses.csv"}}},
            "split": {"method": "random"},
        }
    },
    "models": {
        "pixels": {
            "architecture": "pixels",
            "preprocessing": {"size": 8},
            "taps": {"main": ["pixels"]},
        }
    },
    "readouts": {"ridge": {"method": "ridge", "features": "raw", "alpha": 1.0}},
}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a test", "-c", "user.email=test@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def copy_workflow(folder: Path) -> None:
    """Copy what a repository of the workflow holds."""
    for name in ("workflow", "src", "config", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pyc*"))
    for name in ("Snakefile", ".gitattributes", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, folder)
    (folder / "profiles").symlink_to("workflow/profiles")
    # Where these tests run from a git archive, the file holds the commit of that archive.
    (folder / "src/ventral/storage/commit.txt").write_text("$Format:%H$\n")


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> tuple[Path, str]:
    """Return a repository with the workflow at its top and in a folder, and the commit.

    Nothing is checked out: Snakemake asks for a work tree, and is to read the commit alone.
    """
    work = tmp_path_factory.mktemp("work")
    copy_workflow(work)
    inside = work / SUBFOLDER
    inside.mkdir(parents=True)
    copy_workflow(inside)
    git(work, "init", "--quiet", "--initial-branch", "main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "The workflow")
    git(work, "tag", "v1")
    cloned = tmp_path_factory.mktemp("cloned") / "ventral"
    git(work, "clone", "--quiet", "--no-checkout", str(work), str(cloned))
    shutil.rmtree(work)
    assert [path.name for path in cloned.iterdir()] == [".git"]
    return cloned, git(cloned, "rev-parse", "main")


@pytest.fixture
def study(tmp_path, repository) -> Path:
    """Return the folder of a workflow that imports this one: data, a config and a profile."""
    from PIL import Image

    folder = tmp_path / "study"
    images = folder / "data" / "images"
    images.mkdir(parents=True)
    for index in range(10):
        Image.new("RGB", (8, 8), (index * 20, 90, 255 - index * 20)).save(images / f"s{index}.png")
    rows = [f"s{index},{index / 7},{index % 3}" for index in range(10)]
    (folder / "data" / "responses.csv").write_text("\n".join(["stimulus_id,a,b", *rows]) + "\n")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    (folder / "profiles" / "default").mkdir(parents=True)
    shutil.copy2(ROOT / "workflow/profiles/default/profile.yaml", folder / "profiles/default")
    cache = repository[0].parent / "cache"
    cache.mkdir(exist_ok=True)
    (tmp_path / "cache").symlink_to(cache)  # one for all tests: describing networks takes a while
    return folder


def import_from(folder: Path, source: str, *lines: str) -> None:
    """Write a Snakefile that imports the workflow; lines: more of the module statement."""
    text = f"""
        configfile: "config.yaml"

        module ventral:
            snakefile:
                {source}
            config:
                config
        MORE

        use rule * from ventral

        rule mine:
            input:
                rules.all.input,
            default_target: True
        """
    more = "\n".join(f"    {line}" for line in lines)
    (folder / "Snakefile").write_text(textwrap.dedent(text).replace("MORE", more))


def gitfile(repository: Path, inside: str = "", **ref: str) -> str:
    (kind, value), *_ = ref.items()
    path = f"{inside}/Snakefile".lstrip("/")
    return f'gitfile("{repository}", path="{path}", {kind}="{value}")'


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on the importing workflow, with a cache of its own."""
    cleared = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env={**cleared, "XDG_CACHE_HOME": str(folder.parent / "cache"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("inside", "ref"), [("", "commit"), ("", "tag"), ("", "branch"), (SUBFOLDER, "commit")]
)
def test_a_module_from_git_can_be_planned(repository, study, inside, ref):
    folder, commit = repository
    value = {"commit": commit, "tag": "v1", "branch": "main"}[ref]
    name = "ref" if ref == "branch" else ref
    import_from(study, gitfile(folder, inside, **{name: value}))
    planned = run(study, "--dry-run", "--quiet", "progress")
    assert not planned.returncode, planned.stdout
    assert "extract_activations" in planned.stdout
    assert "data/responses.csv" in planned.stdout or "prepare_responses" in planned.stdout


def test_a_module_from_git_runs_and_records_its_commit(repository, study):
    """A job finds its script and the package, which no other folder holds."""
    folder, commit = repository
    import_from(study, gitfile(folder, commit=commit))
    done = run(study, "results/own/responses.json")
    assert not done.returncode, done.stdout
    store = Store(study / "results/own/responses.zarr")
    assert store.attributes["provenance"]["git_commit"] == commit
    assert json.loads((study / "results/own/responses.json").read_text())
    cache = study.parent / "cache/snakemake/snakemake/source-cache/ventral"
    assert (cache / commit / "src" / "ventral" / "__init__.py").is_file()


def test_jobs_use_the_package_of_the_module_and_not_an_installed_one(repository, study, tmp_path):
    """Where another version is installed, or this one in place, its code ran under this commit."""
    other = tmp_path / "site"
    (other / "ventral").mkdir(parents=True)
    (other / "ventral" / "__init__.py").write_text("raise ImportError('the installed one')\n")
    import_from(study, gitfile(repository[0], commit=repository[1]))
    done = run(study, "results/own/split.csv", PYTHONPATH=str(other))
    assert not done.returncode, done.stdout


def test_the_files_of_a_commit_are_written_once(repository, study):
    folder, commit = repository
    import_from(study, gitfile(folder, commit=commit))
    assert not run(study, "--dry-run", "--quiet").returncode
    written = study.parent / "cache/snakemake/snakemake/source-cache/ventral" / commit
    before = written.stat().st_mtime_ns, (written / "Snakefile").stat().st_mtime_ns
    assert not run(study, "--dry-run", "--quiet").returncode
    assert (written.stat().st_mtime_ns, (written / "Snakefile").stat().st_mtime_ns) == before
    assert not list(written.parent.glob("tmp*"))


@pytest.mark.parametrize("from_git", [True, False], ids=["git", "folder"])
def test_a_prefix_is_of_what_is_made_and_not_of_the_users_files(repository, study, from_git):
    folder, commit = repository
    source = gitfile(folder, commit=commit) if from_git else f'"{ROOT / "Snakefile"}"'
    import_from(study, source, 'prefix: "vision"')
    done = run(study, "vision/results/own/responses.json")
    assert not done.returncode, done.stdout
    assert (study / "vision/results/own/responses.zarr").is_dir()
    assert (study / "vision/results/own/stimuli.zarr").is_dir()
    assert not (study / "results").exists()
    assert not (study / "vision/data").exists()


def test_a_prefixed_module_sees_a_change_of_the_users_file(repository, study):
    folder, commit = repository
    import_from(study, gitfile(folder, commit=commit), 'prefix: "vision"')
    target = "vision/results/own/responses.json"
    assert not run(study, target).returncode
    assert "Nothing to be done" in run(study, "--dry-run", target).stdout
    path = study / "data/responses.csv"
    path.write_text(path.read_text().replace("s3,", "s3,9"))
    planned = run(study, "--dry-run", target).stdout
    assert "prepare_responses" in planned
    assert "prepare_stimuli" not in planned


LINES = (
    "rerun-triggers: [mtime, params, input, software-env]",
    "max-checksum-file-size: 1000000000000",
    "rerun-incomplete: true",
)


def test_an_importing_workflow_is_told_which_settings_its_profile_lacks(study):
    import_from(study, f'"{ROOT / "Snakefile"}"')
    told = run(study, "--dry-run", "--quiet", "progress").stdout
    assert "other settings" not in told
    assert "extract_activations" in told
    shutil.rmtree(study / "profiles")
    told = run(study, "--dry-run", "--quiet", "progress")
    assert not told.returncode
    assert "other settings" in told.stdout
    for line in LINES:
        assert told.stdout.count(line) == 1, told.stdout


def test_a_local_repository_needs_them_and_the_error_says_so(repository, study):
    """Otherwise Snakemake stops with a TypeError once there are results."""
    folder, commit = repository
    import_from(study, gitfile(folder, commit=commit))
    shutil.rmtree(study / "profiles")
    told = run(study, "--dry-run")
    assert told.returncode
    assert "gitfile" in told.stdout
    assert all(line in told.stdout for line in LINES)


@pytest.fixture
def hosted(repository, tmp_path, monkeypatch) -> str:
    """Let git take what stands for the host's repository ``lab/ventral`` from the local one."""
    (tmp_path / "host" / "lab").mkdir(parents=True)
    (tmp_path / "host" / "lab" / "ventral").symlink_to(repository[0])
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/host/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    return "lab/ventral"


@pytest.mark.parametrize("ref", ["commit", "tag", "branch"])
def test_a_module_from_a_host_runs(repository, hosted, study, ref):
    _, commit = repository
    value = {"commit": commit, "tag": "v1", "branch": "main"}[ref]
    import_from(study, f'github("{hosted}", path="Snakefile", {ref}="{value}")')
    done = run(study, "results/own/split.csv")
    assert not done.returncode, done.stdout
    store = Store(study / "results/own/stimuli.zarr")
    assert store.attributes["provenance"]["git_commit"] == commit


@pytest.mark.slow
def test_snakedeploy_sets_up_a_workflow_that_runs(repository, hosted, tmp_path):
    program = shutil.which("snakedeploy")
    if program is None:
        pytest.skip("snakedeploy is not installed")
    folder = tmp_path / "deployed"
    subprocess.run(
        [program, "deploy-workflow", f"https://github.com/{hosted}", str(folder), "--tag", "v1"],
        check=True,
    )
    assert (folder / "profiles" / "default" / "profile.yaml").is_file()
    assert (folder / "config" / "config.yaml").is_file()
    (tmp_path / "cache").symlink_to(repository[0].parent / "cache")
    done = run(folder, "results/simulated/split.csv")
    assert not done.returncode, done.stdout
    assert "other settings than this workflow is made for" not in done.stdout


@pytest.mark.slow
def test_without_a_config_the_module_has_the_embedded_default(repository, study):
    folder, commit = repository
    (study / "Snakefile").write_text(
        f"module ventral:\n    snakefile: {gitfile(folder, commit=commit)}\n\n"
        "use rule * from ventral\n"
    )
    planned = run(study, "results/simulated/split.csv", "--dry-run", "--quiet", "progress")
    assert not planned.returncode, planned.stdout
    assert "assign_split" in planned.stdout


def test_an_unknown_commit_is_refused(repository, study):
    folder, _ = repository
    import_from(study, gitfile(folder, commit="0" * 40))
    refused = run(study, "--dry-run")
    assert refused.returncode
    assert "0000000" in refused.stdout


def test_a_single_address_is_refused_with_what_works(study):
    """Snakemake reads a Snakefile from any address, but the package is many files."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        import_from(study, f'"http://127.0.0.1:{server.server_port}/Snakefile"')
        refused = run(study, "--dry-run", no_proxy="127.0.0.1")
        server.shutdown()
    assert refused.returncode
    assert "can be imported from a folder or from a git repository" in refused.stdout


def test_a_missing_package_is_named_with_the_command_that_installs_it(study):
    """Where Snakemake runs in an environment of its own."""
    absent = study / "absent"
    absent.mkdir()
    (absent / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'jsonschema':\n"
        "            raise ModuleNotFoundError('No module named jsonschema', name=name)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    import_from(study, f'"{ROOT / "Snakefile"}"')
    refused = run(study, "--dry-run", PYTHONPATH=str(absent))
    assert refused.returncode
    assert "package 'jsonschema' is missing" in refused.stdout
    assert "pip install" in refused.stdout
