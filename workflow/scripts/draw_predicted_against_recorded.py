"""Draw the recorded against the predicted responses of single sites."""

from ventral.data.responses import read_responses
from ventral.figures.draw import shown_scores
from ventral.figures.predicted_against_recorded import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.readouts.fit_store import FitFiles
from ventral.scores.example_sites import example_sites

with job(snakemake):
    given, display = snakemake.input, snakemake.params.display
    scores, summary, split, readout = shown_scores(given.scores, given.summary, display)
    responses = {
        name: read_responses(path, repetitions=False)
        for name, path in zip(snakemake.params.members, given.responses, strict=True)
    }
    read = FitFiles(snakemake.params.names, given.fits).read
    examples = example_sites(scores, summary, responses, read, split, readout)
    figure = draw(examples, summary, display["models"], display["readouts"], split, readout)
    save(figure, snakemake.output.svg, snakemake.output.png)
