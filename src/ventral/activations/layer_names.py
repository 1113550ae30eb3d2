"""The layers of an architecture by name, found without allocating its parameters.

``python -m ventral.activations.layer_names ARCHITECTURE [--arguments JSON]`` prints them as a
JSON list: a config can be checked from a process that does not import torch.
"""

import argparse
import json
import sys

import torch

from ventral.activations.models import construct
from ventral.errors import VentralError


def layer_names(architecture: str, arguments: dict | None = None) -> list[str]:
    """Return the module paths of an architecture, in the order of its definition.

    Raises `VentralError` where the architecture is unknown or refuses the arguments.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                model = construct(architecture, arguments)
        except NotImplementedError:  # builders that compute with values, such as RegNet's
            model = construct(architecture, arguments)
    return [name for name, _ in model.named_modules() if name]


def _main() -> int:
    parser = argparse.ArgumentParser(description=layer_names.__doc__.splitlines()[0])
    parser.add_argument("architecture")
    parser.add_argument("--arguments", type=json.loads, default={}, help="a JSON object")
    options = parser.parse_args()
    try:
        print(json.dumps(layer_names(options.architecture, options.arguments)))
    except VentralError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
