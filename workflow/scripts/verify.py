"""Check every store under the results folder."""

from ventral.job_log import job_log
from ventral.verify import verify_stores

with job_log(snakemake.log[0]):
    count = verify_stores(snakemake.params.results)
    print(f"{count} stores are what their manifests say")
