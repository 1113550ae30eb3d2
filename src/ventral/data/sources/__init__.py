"""The sources of recordings that ventral reads, by the name that a data set gives as ``source``.

A source is a folder with two files:

- ``reader.py`` has the functions ``read_stimuli(settings, files) -> StimulusSet`` and
  ``read_responses(settings, files, stimulus_table) -> Responses``. `settings` are those of the data
  set in the config (for `read_responses` the stimulus settings too), `files` maps each key under
  the data set's ``files`` to the path of a checked file, and `stimulus_table` is the table of the
  stimulus set.
- ``schema.yaml`` is the JSON schema of these settings, and says under ``x-source`` what else the
  workflow has to know before it runs (see ``facts.schema.yaml``).

The folders here are those of ventral. A user's own source is a folder of this kind beside the
config or elsewhere on the search path (or a module ``my_lab.py`` with ``my_lab.schema.yaml``), or
an installed package that declares an entry point of the group ``ventral.sources``. Finding a source
imports no code: only `load_source`, which a job calls, does.
"""

from ventral.data.sources.find import Source, find_source, known_sources
from ventral.data.sources.load import load_source

__all__ = ["Source", "find_source", "known_sources", "load_source"]
