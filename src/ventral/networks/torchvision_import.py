"""The one place that imports torchvision; everything else takes it from here.

A CPU-only torch beside the torchvision wheel that was built for CUDA cannot load torchvision's
compiled operators, and ``import torchvision`` then fails with ``operator torchvision::nms does
not exist``. Only detection models need these operators; to define their signatures is enough for
the rest of torchvision to work.
"""

from importlib.machinery import PathFinder
from importlib.util import find_spec

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _load_compiled_operators() -> None:
    package = find_spec("torchvision")
    folders = package.submodule_search_locations if package else None
    compiled = PathFinder.find_spec("_C", folders) if folders else None
    if compiled is None:
        return
    try:
        torch.ops.load_library(compiled.origin)
    except OSError:
        return


def _define_missing_operators() -> torch.library.Library | None:
    missing = [name for name in OPERATORS if not hasattr(torch.ops.torchvision, name)]
    if not missing:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in missing:
        library.define(name + SIGNATURE)
    return library


_load_compiled_operators()
_library = _define_missing_operators()  # the definitions live as long as this object

import torchvision  # noqa: E402
import torchvision.transforms.v2.functional  # noqa: E402

__all__ = ["torchvision"]
