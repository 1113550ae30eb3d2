"""The one exception whose message is meant for the user."""


class VentralError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what would be right.

    Jobs print its message alone, without a traceback.
    """
