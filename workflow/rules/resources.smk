"""What jobs ask a scheduler for: memory and time, predicted from shapes.

A change of resources never makes a job run again.
"""

from ventral.jobs.resources.estimator import ResourceEstimator

# A job on a cluster reads this file too, when it has what it needs: it only looks at what is known.
ESTIMATOR = ResourceEstimator(
    STUDY, RESULTS, ROOT / "src", OWN_CODE, MODELS_FOLDER, workflow.is_main_process
)


def megabytes(step):
    """Return a resource function: the memory of a step, more of it at every attempt."""

    def needed(wildcards, attempt):
        return attempt * ESTIMATOR.megabytes(step, dict(wildcards.items()))

    return needed


def minutes(step):
    """Return a resource function: the time of a step, more of it at every attempt."""

    def needed(wildcards, attempt, threads):
        return attempt * ESTIMATOR.minutes(step, dict(wildcards.items()), threads)

    return needed
