"""What the rules share: the study, names in paths, and the code behind a step."""

import copy
import functools
import inspect
import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from ventral.addresses import without_secrets
from ventral.data.named_files import download_name, named_files
from ventral.errors import VentralError
from ventral.jobs.architecture_digest import architecture_digest
from ventral.jobs.code_digest import folders_of_own_code, source_digest
from ventral.jobs.log import remove_empty_logs
from ventral.jobs.failures import FailureList, where_the_results_are
from ventral.jobs.reader_digest import reader_digest
from ventral.jobs.terminal import take_over
from ventral.jobs.preflight.check_components import check_components
from ventral.jobs.preflight.check_layers import check_layers_of_models, expand_layers
from ventral.jobs.preflight.check_paths import check_paths
from ventral.jobs.upgrades import NETWORKS, NUMERIC, installed_versions, warning_of_upgrades
from ventral.networks.named_models import PRETRAINED, files_name, named_model, named_models
from ventral.study.check_config import check_config
from ventral.study.display import Display
from ventral.study.entries import HEAD
from ventral.study.files import files_of
from ventral.study.page import tables_of_page
from ventral.study.settings import StepSettings

# A user's own `module:function` or source lies beside the config or where the run is started.
put_last([*(Path(file).parent for file in workflow.configfiles), Path.cwd()])
OWN_CODE = folders_of_own_code(sys.path)
# Of what was fetched for named models: a plan looks there for the configs of their networks.
MODELS_FOLDER = Path(
    workflow.modifier.path_modifier.replace_prefix(workflow.pathvars.apply("<resources>/models"))
)

WRITTEN_CONFIG = copy.deepcopy(dict(config))  # without defaults, sweeps as they are written

try:
    STUDY = check_config(config, ROOT / "workflow" / "schemas", OWN_CODE)
    READERS = {
        name: reader_digest(dataset.source.name, ROOT / "src" / "ventral", OWN_CODE)
        for name, dataset in STUDY.datasets.items()
    }
    # In each process: what a step is given has layers, and no patterns.
    EXPANDED = expand_layers(config["models"], ROOT / "src", OWN_CODE, MODELS_FOLDER)
    if workflow.is_main_process:
        check_paths(STUDY)  # first: it takes no time
        for dataset in STUDY.datasets.values():
            files_of(dataset, "stimuli", "responses")  # an input function would add a traceback
        check_layers_of_models(config["models"], ROOT / "src", OWN_CODE, MODELS_FOLDER)
        check_components(STUDY, ROOT / "src", OWN_CODE, MODELS_FOLDER)
except VentralError as error:
    raise WorkflowError(without_secrets(str(error))) from None
SETTINGS, DISPLAY = StepSettings(STUDY), Display(STUDY)
NAMED_MODELS = named_models(config)
DOWNLOADS = list(dict.fromkeys(map(download_name, named_files(config))))

FAILURES = FailureList()
TERMINAL = None
if workflow.is_main_process:
    logger.addHandler(FAILURES)
    if (
        workflow.modifier_stack[0] is workflow.modifier
    ):  # what is said of another workflow is its own
        TERMINAL = take_over(
            logger,
            ".snakemake/log",
            quiet=workflow.output_settings.quiet or (),
            is_verbose=workflow.output_settings.verbose or workflow.output_settings.printshellcmds,
            is_dry_run=workflow.output_settings.dryrun,
        )
    for line in STUDY.notes:
        logger.warning(line)
    for line in EXPANDED:
        logger.info(line)

# With `packages: rerun` the versions are among the params; else an upgrade is said and not counted.
COUNT_VERSIONS = STUDY.config["packages"] == "rerun"
if (
    workflow.is_main_process
    and not COUNT_VERSIONS
    and not workflow.deployment_settings.deployment_method
):
    for line in warning_of_upgrades(STUDY, RESULTS, installed_versions([*NUMERIC, *NETWORKS])):
        logger.warning(line)


def shown_config(wildcards, input):
    """Return the config as YAML, without passwords.

    It is shown and decides nothing, so it is no reason to make the page again: Snakemake does not
    track params that are made from inputs.
    """
    return without_secrets(yaml.safe_dump(WRITTEN_CONFIG, sort_keys=False, allow_unicode=True))


def any_of(names):
    """Return a pattern that matches these names alone: nothing else can become a path."""
    return "|".join(sorted(map(re.escape, set(names)))) or "(?!)"


wildcard_constraints:
    dataset=any_of([*STUDY.datasets, *STUDY.pools]),
    model=any_of(STUDY.models),
    readout=any_of(STUDY.readouts),
    taps=any_of([HEAD, *(taps for model in STUDY.models.values() for taps in model.taps)]),
    download=any_of(DOWNLOADS),


def given(function):
    """Return an input function that hands on the wildcards that `function` names as arguments."""
    names = list(inspect.signature(function).parameters)

    def asked(wildcards):
        check_settings_of_run()
        try:
            return function(**{name: wildcards[name] for name in names})
        except VentralError as error:
            raise WorkflowError(without_secrets(str(error))) from None

    return asked


# The code behind a step, in its params: a digest of the script and of what the script imports.


@functools.cache
def code_digest(step):
    """Return the digest of the code behind a step: its script and what the script uses."""
    script = ROOT / "workflow" / "scripts" / f"{step}.py"
    return source_digest([script], ROOT / "src" / "ventral") + versions(NUMERIC)


def versions(packages):
    """Return the versions of packages, where the config wants them to be a reason to run."""
    if not COUNT_VERSIONS:
        return ""
    return "".join(f" {name}-{found}" for name, found in installed_versions(packages).items())


@functools.cache
def builder_code(architecture):
    """Return the digest of a `module:function`."""
    return architecture_digest(architecture, ROOT / "src" / "ventral", OWN_CODE)


# All three return functions: a job's process, which reads every rule, digests only its own step.


def code(step):
    """Return a function that gives the digest of a step."""
    return lambda wildcards: code_digest(step)


def code_with_source(step):
    """Return a function that gives the digest of a step and of the reader of a data set."""
    return given(lambda dataset: f"{code_digest(step)} {READERS[dataset]}")


def code_with_model(step):
    """Return a function that gives the digest of a step and of the model's `module:function`."""
    return given(
        lambda model: (
            f"{code_digest(step)} {builder_code(STUDY.models[model].architecture)}".strip()
            + versions(NETWORKS + library_of(STUDY.models[model].architecture))
        )
    )


def library_of(architecture):
    """Return the package that builds a model by its name, beside those of all networks."""
    named = named_model(architecture)
    return (named.distribution,) if named and named.distribution not in NETWORKS else ()
