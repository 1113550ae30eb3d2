"""Every command in README.md and the documentation can be typed as it is printed.

Each is run in a copy of the repository whose embedded default is the small project of the tests,
already finished. What would take long is planned instead; what another test runs names that test.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from toy_project import ROOT, THREADS

pytestmark = pytest.mark.slow

PAGES = [
    ROOT / "README.md",
    ROOT / "config/README.md",
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROGRAMS = ("snakemake", "make", "pip", "python", "git", "cd", "podman", "snakedeploy")

AS_THEY_ARE = re.compile(
    r"snakemake (-n|--cores \d+|--cores 1 (verify|sizes|fetch)|--report \S+|--unlock)"
)
"""Commands of the embedded default."""

PLANNED = {
    "snakemake": ["-n"],
    "make": ["-n"],
    "pip": ["--dry-run", "--no-index", "--no-deps"],  # no network is needed for what is installed
    "python": ["--help"],
}
"""What is added to the other commands of a program."""

ELSEWHERE = {
    "PYTHONPATH=src python -m ventral.study.config_files FILE": "study/test_config_files.py",
    "pip install .": "interface/test_import.py",
    "python -m snakemake": "helpers.py",
    "snakemake --snakefile ../ventral/Snakefile --cores 2 results/session_1/responses.json "
    "--configfile config.yaml": "workflow/test_source_of_ones_own.py",
}
"""Commands that another test runs, with its file."""

PLACEHOLDERS = {"FILE": "toy.yaml", "MODEL": "net"}
"""What a reader puts in the place of a word in capitals."""

NOT_RUN = {
    "pyarrow": "it is not among the packages of the tests",
    "podman": "test machines have no container runtime",
    "snakedeploy": "it deploys from the published repository",
    "my_study": "it runs what was deployed from the published repository",
    "git+https": "it installs from the published repository",
    "VENTRAL_SCRATCH": "the tests of the cluster run it on nodes that have a disk of their own",
}
"""Why a command that holds this word is not run."""


def commands_of(page: Path) -> list[str]:
    """Return the commands of a page, from its blocks and from its sentences."""
    text = page.read_text()
    fenced = re.findall(r"(?ms)^ *```(\w*)\n(.*?)^ *```", text)
    blocks = [block for language, block in fenced if language in ("", "bash", "sh", "console")]
    lines = [
        line.partition("  #")[0].strip()
        for block in blocks
        for line in block.replace("\\\n", " ").splitlines()
    ]
    prose = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
    lines += [" ".join(inline.split()) for inline in re.findall(r"`([^`]+)`", prose)]
    return [line for line in lines if program_of(line) and "…" not in line]


def program_of(line: str) -> str | None:
    """Return the program that a line calls, behind variables that it sets; None of another line."""
    try:
        words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    except ValueError:  # a quote within a sentence
        return None
    name = Path(words[0]).name if words else ""
    is_command = name in PROGRAMS and (len(words) > 1 or line == "make")
    return name if is_command else None


COMMANDS = sorted({command for page in PAGES for command in commands_of(page)})


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory) -> Path:
    """Return a copy of the repository with the finished toy project as its embedded default."""
    project = finished.copy(tmp_path_factory.mktemp("reader") / "ventral").folder
    shutil.copy2(project / "toy.yaml", project / "config/config.yaml")
    for name in (
        "Makefile",
        "pyproject.toml",
        *[path.name for path in ROOT.glob("requirements*.txt")],
    ):
        shutil.copy2(ROOT / name, project)
    shutil.copytree(ROOT / "benchmarks", project / "benchmarks", dirs_exist_ok=True)
    (project / ".venv").symlink_to(sys.prefix)
    (project / "IT_data.h5").touch()  # the user's file that config/nx414.yaml names
    _write_own_recordings(project)
    return project


def _write_own_recordings(folder: Path) -> None:
    """Write the files of the README's section on your own recordings."""
    text = (ROOT / "README.md").read_text().partition("## Your own recordings")[2]
    table = re.search(r"```\n(stimulus_id,.*?)```", text, re.DOTALL)[1]
    (folder / "responses.csv").write_text(table)
    (folder / "mine.yaml").write_text(re.search(r"(?s)```yaml\n(datasets:.*?)```", text)[1])
    (folder / "images").mkdir()
    for line in table.splitlines()[1:]:
        Image.new("RGB", (16, 16)).save(folder / "images" / f"{line.partition(',')[0]}.png")


def run(command: str, folder: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell, as a reader would, with the environment's programs first."""
    for word, value in PLACEHOLDERS.items():
        command = re.sub(rf"\b{word}\b", value, command)
    words = " ".join([command, *extra])
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        **THREADS,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        # The published address stands for the repository that is tested.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/OWNER/ventral",
    }
    return subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_typed_as_it_is_printed(command, folder, tmp_path):
    for word, reason in NOT_RUN.items():
        if word in command:
            pytest.skip(reason)
    if command in ELSEWHERE:
        assert (ROOT / "tests" / ELSEWHERE[command]).is_file()
        return
    program = program_of(command)
    if program in ("git", "cd"):
        done = run(command if program == "git" else f"mkdir ventral && {command}", tmp_path)
    elif AS_THEY_ARE.fullmatch(command):
        done = run(command, folder)
    else:
        done = run(command, folder, *PLANNED[program])
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Traceback" not in done.stdout


def test_no_exception_is_out_of_date():
    assert set(ELSEWHERE) <= set(COMMANDS)
    assert all(any(word in command for command in COMMANDS) for word in NOT_RUN)
