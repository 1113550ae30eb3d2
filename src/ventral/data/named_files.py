"""The files that a config names, and the names under which downloads are kept."""

from collections.abc import Iterator, Mapping

from ventral.addresses import name_in_address

SUM_DIGITS = 16
"""Number of digits of the checksum in the name of a download."""


def download_name(specification: Mapping) -> str:
    """Return the name under which a download is kept.

    Parameters
    ----------
    specification : mapping
        The file's entry in the config: ``sha256`` or ``sha1``, and ``url`` or ``name``.

    Returns
    -------
    str
        ``{first digits of the checksum}/{name}``; of an address without its query, which may hold
        a token.
    """
    known_sum = specification.get("sha256") or specification["sha1"]
    name = specification.get("name") or name_in_address(specification["url"])
    return f"{known_sum[:SUM_DIGITS]}/{name}"


def named_files(config: Mapping) -> Iterator[Mapping]:
    """Yield the entry of every file of a config that must be downloaded."""
    for dataset in config["datasets"].values():
        for section in ("stimuli", "responses"):
            files = dataset.get(section, {}).get("files", {}).values()
            yield from (file for file in files if "path" not in file)
    for model in config["models"].values():
        if isinstance(model["weights"], Mapping) and "path" not in model["weights"]:
            yield model["weights"]


def find_download(config: Mapping, name: str) -> Mapping:
    """Return the entry of the file that `download_name` gives the name `name`."""
    return next(file for file in named_files(config) if download_name(file) == name)
