"""The data sets that ventral can read, by the name that the config gives as ``source``.

A source is a folder here whose ``reader`` has two functions:

``read_stimuli(settings, files) -> StimulusSet`` and
``read_responses(settings, files, stimulus_table) -> Responses``,

where `settings` is the data set's entry in the config, `files` maps the names under its ``files``
to checked local paths, and `stimulus_table` is the table of the stimulus store.
"""

import importlib
from types import ModuleType

from ventral.errors import VentralError

SOURCES = ("simulated", "cowley_v4", "nx414", "files", "majajhong2015", "tvsd")


def load_source(name: str) -> ModuleType:
    """Return the module of a source. Raises `VentralError` for an unknown one."""
    if name not in SOURCES:
        raise VentralError(f"source {name!r} is none of {', '.join(SOURCES)}")
    return importlib.import_module(f"ventral.data.sources.{name}.reader")
