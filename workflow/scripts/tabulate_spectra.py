"""Put the spectra of all tap sets, and their scores by number of components, into tables."""

from ventral.jobs.job import job
from ventral.scores.reporting import variant_names
from ventral.scores.spectra import collect_by_model, table_of_spectra
from ventral.storage.tables import to_markdown, write_csv, write_markdown

with job(snakemake):
    names = snakemake.params.names
    spectra = collect_by_model(snakemake.input.spectra, names)
    write_csv(snakemake.output.spectra, spectra)
    labels = variant_names(snakemake.params.variants)
    write_markdown(snakemake.output.markdown, to_markdown(table_of_spectra(spectra, labels)))
    write_csv(snakemake.output.curves, collect_by_model(snakemake.input.curves, names))
