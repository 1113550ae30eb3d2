"""Names of taps: a module path, and after an @ which of its calls is recorded."""


def tapped_call(name: str, known: frozenset[str] | set[str]) -> tuple[str, int | None]:
    """Return the module path of a tap, and which of its calls is recorded.

    Parameters
    ----------
    name : str
        Such as ``layer1.0.relu@1``, the first call of ``layer1.0.relu`` in a forward pass.
    known : set of str
        The module paths of the network; one that has an @ itself is taken as it is.

    Returns
    -------
    module : str
    call : int or None
        From 1; None for the last one.
    """
    module, at, call = name.rpartition("@")
    if at and name not in known and call.isdecimal() and int(call) > 0:
        return module, int(call)
    return name, None
