"""The one exception whose message is meant for the user, and what such messages share."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class VentralError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what would be right.

    Jobs print its message alone, without a traceback.
    """


def suggest(name: object, names: Iterable[object]) -> str:
    """Say which of `names` may have been meant by `name`; where none is near, what there is."""
    names = [str(known) for known in names]
    close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(match) for match in close) + "?"
    return "there is " + ", ".join(names) if names else "there is none"


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
