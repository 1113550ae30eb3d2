"""The exception whose message is meant for the user, and a helper for such messages."""

import difflib
from collections.abc import Iterable


class VentralError(Exception):
    """A problem that the user can solve; the message says what is wrong, where, and the remedy.

    Jobs print only the message, without a traceback.
    """


def suggest(name: object, names: Iterable[object]) -> str:
    """Return the end of a message about an unknown name.

    Parameters
    ----------
    name : object
        The unknown name.
    names : iterable of object
        The known names.

    Returns
    -------
    str
        "did you mean …?" with up to three similar names; all known names if none is similar.
    """
    known = [str(candidate) for candidate in names]
    close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(match) for match in close) + "?"
    return "there is " + ", ".join(known) if known else "there is none"
