"""Where the workflow's own files are, and what a workflow that imports this one must know.

The workflow may lie in a folder, or be imported as a module from a git repository. Snakemake then
reads rules and scripts one by one, but the package in src/ is needed as a folder.
"""

import functools
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.sourcecache import HostingProviderFile, LocalGitFile, LocalSourceFile


def put_last(folders):
    """Move folders of a user's files to the end of the search path, behind what is installed.

    Snakemake puts the folder of a Snakefile first, and `python -m snakemake` the working folder:
    a file named packaging.py there would take the place of the installed package.
    """
    resolved = {Path(folder).resolve() for folder in folders}
    behind = [path for path in sys.path if Path(path).resolve() in resolved]
    behind += [str(folder) for folder in folders]  # as Snakemake names it, lest it puts it first
    sys.path[:] = [path for path in sys.path if path not in behind]
    sys.path.extend(dict.fromkeys(behind))


put_last([workflow.basedir, Path.cwd()])
os.environ.update(PYTHONSAFEPATH="1")  # for the `python -m snakemake` of a cluster's jobs

EXPORTED = ("Snakefile", "workflow", "src", "config", "envs")


def source_folder(rules):
    """Return the folder that holds workflow/ and src/; rules: where Snakemake found this file."""
    if isinstance(rules, LocalSourceFile):
        return Path(rules).parents[1]
    if isinstance(rules, LocalGitFile):
        return exported(Path(rules.repo_path), rules)
    if isinstance(rules, HostingProviderFile):
        rules.cache_path = workflow.sourcecache.cache_path
        return exported(rules.hosted_repo.repo_clone, rules)
    raise WorkflowError(
        f"{rules}: this workflow can be imported from a folder or from a git repository, with"
        " github(...), gitlab(...) or gitfile(...), but not from a single address: its package in"
        " src/ could not be found. See docs/deployment.md"
    )


def exported(repository, rules):
    """Return a folder with the files of a commit; it is written once, and shared by all runs."""
    inside = Path(rules.path).parents[1].as_posix()

    def git(*arguments):
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout

    try:
        commit = git("rev-parse", "--verify", f"{rules.ref}^{{commit}}").decode().strip()
        cache = Path(workflow.sourcecache.cache_path) / "ventral"
        folder = cache / "-".join([commit, *Path(inside).parts])
        if not folder.is_dir():
            cache.mkdir(parents=True, exist_ok=True)
            paths = [str(Path(inside, name)) for name in EXPORTED]
            archive = git("archive", "--format=tar", commit, "--", *paths)
            with tempfile.TemporaryDirectory(dir=cache) as aside:
                with tarfile.open(fileobj=io.BytesIO(archive)) as file:
                    file.extractall(aside, filter="data")
                try:
                    (Path(aside) / inside).rename(folder)
                except OSError:
                    if not folder.is_dir():  # another run has not written it either
                        raise
        return folder
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode().strip()
        raise WorkflowError(f"{rules}: the package in src/ cannot be read: {said}") from None


IS_FROM_LOCAL_GIT = isinstance(workflow.current_basedir, LocalGitFile)
ROOT = source_folder(workflow.current_basedir)
sys.path.insert(0, str(ROOT / "src"))
# For the jobs: Snakemake appends its own path to theirs, behind an installed package of that name.
FOLDERS = [str(ROOT / "src"), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
os.environ.update(PYTHONPATH=os.pathsep.join(dict.fromkeys(FOLDERS)))

INSTALL = (
    "Install what the workflow needs: pip install -r requirements.txt in a copy of it, or"
    " pip install 'ventral[workflow,torch] @ git+ADDRESS' with the address of its git repository"
)

try:
    from ventral.errors import VentralError
    from ventral.jobs.packages import missing_packages
    from ventral.jobs.profile import missing_settings
    from ventral.study.check_config import check_config
    from ventral.study.config_files import check_config_files
except ModuleNotFoundError as error:
    raise WorkflowError(
        f"the Python package {error.name!r} is missing where Snakemake runs. {INSTALL}"
    ) from None


def check_files_of_config(paths):
    """Refuse config files that are not YAML or give a key twice, before they are read as a dict."""
    try:
        check_config_files(paths)
    except VentralError as error:
        raise WorkflowError(str(error)) from None


if workflow.is_main_process:
    check_files_of_config(workflow.configfiles)


report: "../report/workflow.rst"


# The prefix of a workflow that imports this one belongs to what is made here.
RESULTS = workflow.modifier.path_modifier.replace_prefix(workflow.pathvars.apply("<results>"))
IS_PREFIXED = workflow.modifier.path_modifier.replace_prefix("file") != "file"


def own_file(path):
    """Mark a file of the user's, which the prefix of an importing workflow leaves alone."""
    return local(path) if IS_PREFIXED else path


@functools.cache
def check_settings_of_run():
    """Name the lines of the profile without which other jobs run again than the README says.

    Snakemake has the settings only after the Snakefile is read: the first input function asks.
    """
    settings = workflow.dag_settings
    if settings is None or not workflow.is_main_process:
        return
    lines = missing_settings(
        ROOT / "workflow" / "profiles" / "default" / "profile.yaml",
        {
            "rerun-triggers": [str(trigger) for trigger in settings.rerun_triggers],
            "max-checksum-file-size": settings.max_checksum_file_size,
            "rerun-incomplete": settings.force_incomplete,
        },
    )
    if not lines:
        return
    advice = (
        "Put these lines into profiles/default/profile.yaml beside the Snakefile, or into the"
        " profile of the run:\n" + "\n".join(f"  {line}" for line in lines)
    )
    if IS_FROM_LOCAL_GIT and any("triggers" in line for line in lines):
        raise WorkflowError(
            "Snakemake 9.27 stops with a TypeError where a workflow comes from gitfile(...) and"
            f" `code` is one of the rerun triggers. {advice}"
        )
    logger.warning(
        f"What runs again is decided by other settings than this workflow is made for. {advice}"
    )


def warn_of_missing_packages():
    """Name what jobs will not find, unless they run in environments of their own."""
    missing = missing_packages((ROOT / "envs").glob("*.yaml"))
    if missing and not workflow.deployment_settings.deployment_method:
        logger.warning(
            f"These Python packages are missing where Snakemake runs: {', '.join(missing)}. Jobs"
            f" that need them will fail. {INSTALL}; or run with --sdm conda"
        )


if workflow.is_main_process:
    warn_of_missing_packages()
