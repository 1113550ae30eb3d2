"""Score vision models against recordings of the primate ventral stream.

The functions below are the public interface. Each is imported when it is first used, so that
``import ventral`` takes milliseconds and imports neither torch nor pandas.

=====================  ====================================================================
`ridge_cv`             ridge regression, alpha chosen for each site by exact leave-one-out
`pls`                  partial least squares
`pca`                  principal components, also where features far outnumber stimuli
`noise_ceiling`        split-half reliability of each site
`score`                R², explained variance and correlation of each site
`open_store`           a store of the workflow as an xarray object
`VentralError`         the exception whose message says what to change
=====================  ====================================================================

Examples
--------
>>> import numpy as np
>>> import ventral
>>> rng = np.random.default_rng(0)
>>> X, Y = rng.normal(size=(100, 5000)), rng.normal(size=(100, 3))
>>> fit = ventral.ridge_cv(X, Y)
>>> fit.predict(X).shape
(100, 3)

"""

from importlib import import_module

_MODULES = {
    "VentralError": "errors",
    "noise_ceiling": "interface.scoring",
    "open_store": "interface.stores",
    "pca": "interface.components",
    "pls": "interface.regression",
    "ridge_cv": "interface.regression",
    "score": "interface.scoring",
}
"""Where each public name is defined. They are text, and no imports, because the digest of a step's
code follows imports, and no step uses the interface."""

__all__ = [
    "VentralError",
    "noise_ceiling",
    "open_store",
    "pca",
    "pls",
    "ridge_cv",
    "score",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name == "__version__":
        value = import_module("importlib.metadata").version(__name__)
    elif name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names for completion, whether or not they were used."""
    return sorted({*globals(), *__all__})
