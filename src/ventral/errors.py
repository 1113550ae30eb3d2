"""The exception whose message is meant for the user, and a helper for such messages."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator


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


@contextlib.contextmanager
def naming(what: str) -> Iterator[None]:
    """Name in every error of a block what it was about, such as a layer.

    Parameters
    ----------
    what : str
        For the beginning of the sentence of a `VentralError`, and a note to any other error.

    """
    try:
        yield
    except VentralError as error:
        raise VentralError(f"{what}: {error}") from error
    except Exception as error:
        error.add_note(f"this was {what}")
        raise
