"""Results that are not of this config and this code are made again, whatever their times.

Snakemake plans by what it remembers, by times and by what is missing. It forgets a failed job whose
old outputs exist further down, and knows nothing of results that were copied without `.snakemake`.
The records that jobs leave beside their outputs say what each was made from.
"""

from snakemake.io import is_flagged

from ventral.jobs.chain import Chain, Expected, ExpectedRecords, expected_files, logical_path
from ventral.jobs.job import MADE_OF_INPUTS, NOT_SETTINGS
from ventral.study.steps import jobs_of

PATHVARS, MODIFIER = workflow.pathvars, workflow.modifier


def filled(pattern, names):
    """Return the path of a rule for the names in a job's paths."""
    return re.sub(r"\{(\w+)[^{}]*\}", lambda found: names[found[1]], str(pattern))


def value_for(item, names):
    """Return a param or a path of a rule for the names in a job's paths, and whether it is given.

    A function gives paths as they are written in the rules; others Snakemake has put in place.
    """
    return (item(names), True) if callable(item) else (item, False)


def paths_for(items, names):
    """Return the paths of the inputs, or of the outputs, of a job, as records name them."""
    paths = []
    for item in items:
        if is_flagged(item, "ancient"):  # a store, for which its manifest is named
            continue
        value, is_given = value_for(item, names)
        for path in value if isinstance(value, list) else [value]:
            if is_given:
                is_own = getattr(path, "flags", {}).get("local")
                path = PATHVARS.apply(str(path))
                paths.append(path if is_own else MODIFIER.path_modifier.replace_prefix(path))
            else:
                paths.append(filled(path, names))
    return expected_files(paths)


@functools.cache
def known_jobs():
    """Return each job of the study, by the path of its record: its rule and its names."""
    jobs = {}
    for step, names in jobs_of(STUDY):
        proxy = getattr(rules, step, None)
        if proxy is not None:  # a workflow that imports this one may take some of the rules
            record = filled(proxy.rule.output.lineage, names)
            jobs[logical_path(record)] = proxy.rule, names
    return jobs


@functools.cache
def expected_records():
    """Return what is expected of each job of the study, by the path of its record."""
    expected = ExpectedRecords()
    for path, (made_by, names) in known_jobs().items():
        params = {
            name: value_for(value, names)[0]
            for name, value in made_by.params.items()
            if name not in MADE_OF_INPUTS
        }
        expected[path] = Expected(
            {name: value for name, value in params.items() if name not in NOT_SETTINGS},
            params["code"],
            paths_for(made_by.input, names),
            paths_for(made_by.output, names),
        )
    return expected


def expected_behind(wildcards, input):
    """Return what the job checks of all that is behind its inputs.

    Snakemake does not track params that are made from inputs.
    """
    return expected_records()


HAVE_JUDGED = []


def judge_results():
    """Tell Snakemake which results are of this config and code, and which are not.

    Called while it looks for the jobs of a run, before it decides which of them run.
    """
    HAVE_JUDGED.append(True)
    chain = Chain(expected_records())
    broken = dict(chain.broken())
    for path in broken:
        made_by, names = known_jobs()[path]
        workflow.dag.forcefiles.add(filled(made_by.output.lineage, names))

    remembered = workflow.persistence.input_checksums

    def input_checksums(job, path):
        """Return what an input was when a job read it, where Snakemake has no memory of it."""
        found = remembered(job, path)
        record = logical_path(str(job.output.get("lineage", "")))
        if any(found) or record not in expected_records() or record in broken:
            return found
        return chain.checksums(record, logical_path(str(path)))

    workflow.persistence.input_checksums = input_checksums


def when_planned(function):
    """Return an input function with which results are judged once, in the process that plans."""

    def paths(wildcards):
        if workflow.is_main_process and workflow.dag is not None and not HAVE_JUDGED:
            judge_results()
        return function(wildcards)

    return paths
