"""The files that a config names, and the names under which they are kept once fetched."""

from collections.abc import Iterator, Mapping

SUM_DIGITS = 16


def download_name(specification: Mapping) -> str:
    """Return ``{first digits of the sum}/{name}`` of a file given by ``url`` or ``name``."""
    known_sum = specification.get("sha256") or specification["sha1"]
    name = specification.get("name") or specification["url"].rsplit("/", 1)[-1]
    return f"{known_sum[:SUM_DIGITS]}/{name}"


def named_files(config: Mapping) -> Iterator[Mapping]:
    """Give the entry of every file of a config that is not in place already."""
    for dataset in config["datasets"].values():
        for section in ("stimuli", "responses"):
            files = dataset.get(section, {}).get("files", {}).values()
            yield from (file for file in files if "path" not in file)
    for model in config["models"].values():
        if isinstance(model["weights"], Mapping) and "path" not in model["weights"]:
            yield model["weights"]


def find_download(config: Mapping, name: str) -> Mapping:
    """Return the entry of the file that is kept under `name` (see `download_name`)."""
    return next(file for file in named_files(config) if download_name(file) == name)
