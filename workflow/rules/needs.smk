"""What jobs ask a scheduler for: memory and time, predicted from shapes.

Resources are no part of what makes a job run again.
"""

import math

from ventral.sizing.needs import Needs

# Beside a job's own process: Snakemake itself, twice on a cluster, where the limit is for all.
MEGABYTES_OF_SNAKEMAKE = 450

# A job on a cluster reads this file too, when it has what it needs: it only looks at what is known.
NEEDS = Needs(config, workflow.pathvars.get("results"), ROOT / "src", ask=workflow.is_main_process)


def megabytes(step):
    """Return a resource function: memory for a step, more of it at every attempt."""

    def needed(wildcards, attempt):
        own = NEEDS.memory(step, dict(wildcards.items())) / 1e6
        return attempt * 100 * math.ceil((own + MEGABYTES_OF_SNAKEMAKE) / 100)

    return needed


def minutes(step):
    """Return a resource function: time for a step, more of it at every attempt."""

    def needed(wildcards, attempt, threads):
        return attempt * math.ceil(NEEDS.seconds(step, dict(wildcards.items()), threads) / 60)

    return needed
