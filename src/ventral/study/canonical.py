"""One form for all ways to write the same settings.

Steps are made again when the text of their settings differs. So keys are put in order, a number
that may have a fraction is a float however it is written, and a whole number an int.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Follow = Callable[[Mapping], Mapping]
"""Returns the schema that a ``$ref`` leads to, or the given one where it has none."""

PLAIN = (str, int, float, bool, type(None))


def check_values(value: Any, where: Sequence[str] = ()) -> Iterator[str]:
    """Give a complaint for every value of a config that is not plain, and every number beyond all.

    Parameters
    ----------
    value : object
        A config, or a part of it.
    where : sequence of str
        The keys that lead to it.

    Yields
    ------
    str
        Naming the key.

    """
    key = ": ".join(where) or "the config"
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                yield f"{key}: the key {name!r} is not text; put it in quotes"
                continue
            yield from check_values(item, (*where, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_values(item, (*where, str(index)))
    elif not isinstance(value, PLAIN):
        yield (
            f"{key}: {value!r} is of the type {type(value).__name__}; give text (in quotes), a"
            " number, true, false, null, a list or a mapping"
        )
    elif isinstance(value, int | float) and not is_finite(value):
        shown = (
            repr(value) if isinstance(value, float) else f"a number of {value.bit_length()} bits"
        )
        yield f"{key}: must be a finite number, not {shown}"


def is_finite(value: float) -> bool:
    """Tell whether a number is one that a float can hold."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def canonical(value: Any, schema: object, follow: Follow, *, in_order: bool = True) -> Any:
    """Return a value in the one form that stands for all equal ones.

    Parameters
    ----------
    value : object
        Plain, and valid by the schema.
    schema : object
        What describes it. Where it says nothing of a number, one without a fraction is an int.
    follow : callable
        Resolves a ``$ref``.
    in_order : bool
        Whether the keys of `value` itself are put in order; those of what it holds always are.

    Returns
    -------
    object

    """
    schemas = list(_branches(schema, follow))
    if isinstance(value, dict):
        keys = sorted(value) if in_order else list(value)
        return {
            key: canonical(value[key], {"anyOf": list(_of_key(schemas, key))}, follow)
            for key in keys
        }
    if isinstance(value, list):
        items = {"anyOf": [each["items"] for each in schemas if "items" in each]}
        return [canonical(item, items, follow) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    types = {name for each in schemas for name in _types(each)}
    if "number" in types:
        return float(value) + 0.0  # and so no negative zero
    return int(value) if value == int(value) else value


def schema_of_key(schema: Mapping, keys: Sequence[str], follow: Follow) -> Mapping:
    """Return the schema of a setting in a mapping, such as ``head: dropout`` of a training."""
    for key in keys:
        schema = {"anyOf": list(_of_key(list(_branches(schema, follow)), key))}
    return schema


def _branches(schema: object, follow: Follow) -> Iterator[Mapping]:
    """Give a schema and all that it allows in its place."""
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        yield from _branches(follow(schema), follow)
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(keyword, ()):
            yield from _branches(each, follow)


def _of_key(schemas: Sequence[Mapping], key: str) -> Iterator[object]:
    """Give what schemas of a mapping say of the value of a key."""
    for schema in schemas:
        properties = schema.get("properties", {})
        if key in properties:
            yield properties[key]
        elif "additionalProperties" in schema:
            yield schema["additionalProperties"]


def _types(schema: Mapping) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)
