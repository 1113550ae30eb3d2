"""Put the comparisons of all fits with chance into two tables: of sites, and of regions."""

from ventral.jobs.job import job
from ventral.scores.chance import chance_in_words, table_of_chance
from ventral.scores.reporting import at_committed_settings
from ventral.scores.summary import KEY, collect
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake):
    names, display = snakemake.params.names, snakemake.params.display
    summary = read_csv(snakemake.input.summary)
    regions = table_of_chance(collect(snakemake.input.regions, names, KEY), summary)
    write_csv(snakemake.output.sites, collect(snakemake.input.sites, names, [*KEY, "site_id"]))
    write_csv(snakemake.output.regions, regions)
    shown = at_committed_settings(regions, summary)
    text = chance_in_words(shown, display["models"], display["readouts"])
    write_markdown(snakemake.output.markdown, text)
