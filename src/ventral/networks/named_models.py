"""Models of timm, Hugging Face and open_clip, which a config gives by name.

Nothing here imports these libraries: a plan reads names alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ventral.errors import VentralError

PRETRAINED = "pretrained"
"""What `weights` says of a model whose library knows where its weights are."""

HOW_LOADED = ("key", "prefix", "strict")
"""What an entry says of a file of weights beside where it is."""

DISTRIBUTIONS = {"timm": "timm", "huggingface": "transformers", "open_clip": "open_clip_torch"}
"""The packages that build the models of each library."""

EXTRAS = {"timm": "torch", "huggingface": "huggingface", "open_clip": "open_clip"}
"""The extras of this package that install them."""

NAMES = {
    "timm": re.compile(r"[\w-]+(\.[\w-]+)?"),
    "huggingface": re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?"),
    "open_clip": re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?"),
}
EXAMPLES = {
    "timm": "timm:vit_base_patch16_224",
    "huggingface": "huggingface:facebook/dinov2-base",
    "open_clip": "open_clip:ViT-B-32/openai",
}


@dataclass(frozen=True)
class NamedModel:
    """A model that a library builds by its name.

    Parameters
    ----------
    library : str
        ``timm``, ``huggingface`` or ``open_clip``.
    name : str
        Of timm the model's name with its tag, of Hugging Face the repository, of open_clip the
        architecture.
    tag : str or None
        Of open_clip which weights: ``openai`` of ``ViT-B-32/openai``.

    """

    library: str
    name: str
    tag: str | None = None

    @property
    def distribution(self) -> str:
        """The package that builds it."""
        return DISTRIBUTIONS[self.library]


def named_model(architecture: str) -> NamedModel | None:
    """Return the model that an architecture names, or None for other kinds of architectures.

    Parameters
    ----------
    architecture : str
        Of a model's entry in the config. ``timm:create_model`` is a function, as any
        ``module:function`` is.

    Returns
    -------
    NamedModel or None

    Raises
    ------
    VentralError
        Where the name is not one that its library can have.

    """
    library, colon, name = architecture.partition(":")
    if not colon or library not in NAMES or name.startswith("create_model"):
        return None
    if not NAMES[library].fullmatch(name):
        raise VentralError(
            f"architecture {architecture!r}: {name!r} is not a name of a model of {library};"
            f" give it as in {EXAMPLES[library]}"
        )
    if library == "open_clip":
        name, _, tag = name.partition("/")
        return NamedModel(library, name, tag or None)
    return NamedModel(library, name)


def files_needed(architecture: str, weights: object) -> str | None:
    """Return which files of a named model are fetched.

    Parameters
    ----------
    architecture : str
        Of a model's entry in the config.
    weights : object
        Of the entry.

    Returns
    -------
    str or None
        ``weights``, with the config beside them; ``config`` alone, which a network of Hugging Face
        needs whatever its weights are; None where the library itself has all.

    """
    named = named_model(architecture)
    if named is None:
        return None
    if weights == PRETRAINED:
        return "weights"
    return "config" if named.library == "huggingface" else None


def files_name(entry: Mapping[str, Any]) -> str | None:
    """Return the name of the folder and of the manifest of a model's fetched files.

    Parameters
    ----------
    entry : Mapping
        Of the config, complete.

    Returns
    -------
    str or None
        Such as ``huggingface/facebook--dinov2-base@main``; None where nothing is fetched.

    """
    needed = files_needed(entry["architecture"], entry["weights"])
    if needed is None:
        return None
    library, _, name = entry["architecture"].partition(":")
    revision = entry.get("revision", "main")
    slug = f"{name}@{revision}".replace("/", "--")
    return f"{library}/{slug}" + ("" if needed == "weights" else "+config")


def named_models(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is fetched for the named models of a config.

    Parameters
    ----------
    config : Mapping
        Complete.

    Returns
    -------
    dict
        {`files_name`: ``architecture``, ``revision`` (None: the newest) and ``needed``}.

    """
    return dict(_named_models(config))


def _named_models(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in config["models"].values():
        name = files_name(entry)
        if name is not None:
            yield (
                name,
                {
                    "architecture": entry["architecture"],
                    "revision": entry.get("revision"),
                    "needed": files_needed(entry["architecture"], entry["weights"]),
                },
            )


def manifest_of(entry: Mapping[str, Any], folder: str | Path) -> Path | None:
    """Return where the manifest of a model's fetched files is, or will be.

    Parameters
    ----------
    entry : Mapping
        Of the config, complete.
    folder : path
        Of all fetched models.

    Returns
    -------
    Path or None
        None where nothing is fetched.

    """
    name = files_name(entry)
    return None if name is None else Path(folder, f"{name}.json")
