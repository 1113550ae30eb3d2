"""Addresses as they may be shown: without passwords and without what follows a question mark.

A lab's server may want ``https://user:password@host/…`` or ``…?token=…``, and a server may answer
with a signed address of another. None of these belongs into an error, a log or a store.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

HIDDEN = "***"

_ACCOUNT = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*://)[^\s/?#]*@", re.IGNORECASE)
_QUERY = re.compile(r"((?:https?://|\burl: /)[^\s?'\"<>]*)\?[^\s'\"<>]*", re.IGNORECASE)
_PATH_QUERY = re.compile(r"((?<![\w/])/[^\s?#'\"<>]*)\?[^\s'\"<>=]+=[^\s'\"<>]*")
"""urllib3 names the path alone where it tries again."""


def without_secrets(text: str) -> str:
    """Return a text whose addresses have neither an account nor a query.

    Parameters
    ----------
    text : str
        An address, an error's message, a line of a log.

    Returns
    -------
    str
        With ``***`` for what was left out.
    """
    text = _ACCOUNT.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1?{HIDDEN}", text)
    return _PATH_QUERY.sub(rf"\1?{HIDDEN}", text)


def without_secrets_inside(value: object) -> object:
    """Return plain data, such as the attributes of a store, with `without_secrets` on every text.

    Parameters
    ----------
    value : object
        Texts, numbers, and mappings and lists of these.

    Returns
    -------
    object
        Of the same form.
    """
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {key: without_secrets_inside(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets_inside(item) for item in value]
    return value


def name_in_address(url: str) -> str:
    """Return the last part of an address's path: a file's name, without its query.

    Parameters
    ----------
    url : str
        With ``%20`` and the like, which stay.

    Returns
    -------
    str
    """
    return urlsplit(url).path.rsplit("/", 1)[-1]
