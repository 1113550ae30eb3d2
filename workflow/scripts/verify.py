"""Check every store and checkpoint under the results folder, and what results were made from."""

from ventral.jobs.log import job_log
from ventral.jobs.verify import verify_lineage, verify_results

with job_log(snakemake.log[0]):
    stores, checkpoints = verify_results(snakemake.params.results)
    print(f"{stores} stores are what their manifests say, {checkpoints} checkpoints are whole")
    records = verify_lineage(snakemake.params.expected)
    print(f"{records} jobs made their results from what the config and the code say now")
