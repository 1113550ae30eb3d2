"""Put all tables of the run on one page."""

from ventral.jobs.job import job
from ventral.page.make_page import make_page
from ventral.storage.atomic import write_aside
from ventral.storage.provenance import git_commit, package_versions
from ventral.storage.tables import read_csv

with job(snakemake):
    tables = zip(snakemake.params.tables, map(read_csv, snakemake.input), strict=True)
    facts = {"commit": git_commit(), **package_versions()}
    page = make_page(tables, snakemake.params.display, snakemake.params.shown_config, facts)
    with write_aside(snakemake.output[0]) as aside:
        aside.write_text(page, encoding="utf-8")
