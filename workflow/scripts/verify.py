"""Check every store and checkpoint under the results folder."""

from ventral.jobs.log import job_log
from ventral.jobs.verify import verify_results

with job_log(snakemake.log[0]):
    stores, checkpoints = verify_results(snakemake.params.results)
    print(f"{stores} stores are what their manifests say, {checkpoints} checkpoints are whole")
