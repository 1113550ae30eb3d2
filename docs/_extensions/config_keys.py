"""Write docs/config_keys.md: every key of a config, from the schemas that check it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "ventral" / "data" / "sources"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
PAGE = ROOT / "docs" / "config_keys.md"
FILE_KEYS = {"path", "url", "name", "sha256", "sha1", "size"}
ANY_NAME, ITEM = "{name}", "[]"
PRIMITIVE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
    "array": "list",
}
HEAD = """# Every key of the config

This page is made from the schemas that check a config before anything runs, so it lists what is
accepted, and nothing else. [config/README.md](../config/README.md) explains how the keys work
together, with examples. A key inside another is written with a dot: `split.method` is

```yaml
split:
  method: random
```

`{name}` stands for a name that you choose: letters, digits, `_`, `.` and `-`. `[]` stands for each
item of a list. A dash under Default means that the key can be left out.
"""
SECTIONS = {
    "datasets": "Data sets",
    "models": "Models",
    "readouts": "Readouts",
    "pca": "Principal components",
    "scores": "Scores",
    "figures": "Figures",
    "compute": "Computing",
    "pools": "Pools",
}


@dataclass(frozen=True)
class Key:
    """A key of a config: its place, its schema with what it refers to, and whether it is needed."""

    place: tuple[str, ...]
    schema: Mapping
    required: bool


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _resolved(schema: Mapping, root: Mapping) -> tuple[Mapping, Mapping]:
    """Return a schema laid over what it refers to, and the document in which that stands."""
    if "$ref" not in schema:
        return schema, root
    file, _, pointer = schema["$ref"].partition("#")
    document = _read(SOURCES / file) if file else root
    target: Mapping = document
    for part in pointer.strip("/").split("/") if pointer.strip("/") else ():
        target = target[part]
    target, document = _resolved(target, document)
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}}, document


def keys_of(schema: Mapping, root: Mapping, place: tuple[str, ...] = ()) -> Iterator[Key]:
    """Give every key below a schema, in its order; those of a file stand in a section of their own.

    Parameters
    ----------
    schema : Mapping
        Of a mapping or a list.
    root : Mapping
        The document that ``$ref: "#/…"`` refers to.
    place : tuple of str
        The keys that lead there.

    Yields
    ------
    Key

    """
    of_a_file = FILE_KEYS if is_file(schema) and place else ()
    for name, part in schema.get("properties", {}).items():
        if name in of_a_file:
            continue
        whole, document = _resolved(part, root)
        yield Key((*place, name), whole, name in schema.get("required", ()))
        yield from keys_of(whole, document, (*place, name))
    inside = [(schema.get("additionalProperties"), (ANY_NAME,)), (schema.get("items"), (ITEM,))]
    inside += [(each, ()) for each in schema.get("anyOf", ())]
    for part, step in inside:
        if isinstance(part, Mapping):
            whole, document = _resolved(part, root)
            yield from keys_of(whole, document, (*place, *step))


def is_file(schema: Mapping) -> bool:
    """Tell whether a schema is that of a file of the config, with further keys or without."""
    return schema.get("properties", {}).keys() >= FILE_KEYS


def keys_of_file(path: Path) -> list[Key]:
    """Return every key that a schema file describes."""
    schema = _read(path)
    return list(keys_of(schema, schema))


def source_schemas() -> dict[str, Path]:
    """Return the schemas of the sources of data, by name; `files` first, as most will use it."""
    found = {path.parent.name: path for path in sorted(SOURCES.glob("*/schema.yaml"))}
    return {"files": found.pop("files"), **found}


def type_of(schema: Mapping, root: Mapping) -> str:
    """Return in words what values a schema takes."""
    schema, root = _resolved(schema, root)
    if is_file(schema):
        return "[file](#a-file)"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema and "type" not in schema:
        return " or ".join(type_of(each, root) for each in schema["anyOf"])
    named = schema.get("type", "any")
    names = [PRIMITIVE.get(name, name) for name in ([named] if isinstance(named, str) else named)]
    text = " or ".join(names)
    if "items" in schema:
        text += f" of {type_of(schema['items'], root).replace('mapping', 'mappings')}"
    return text + _bounds(schema)


def _bounds(schema: Mapping) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    large = 2**31
    return "".join(
        f", {sign} {schema[word]}"
        for word, sign in signs.items()
        if word in schema and abs(schema[word]) < large
    )


def _default(key: Key) -> str:
    if key.required:
        return "required"
    value = key.schema.get("default")
    if "default" not in key.schema or value == {} or value == []:
        return "–"
    if value == "":
        return "empty"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _row(key: Key, root: Mapping, skip: int) -> str:
    name = ".".join(key.place[skip:]).replace(f".{ITEM}", ITEM)
    meaning = key.schema.get("description", "").replace("*", r"\*").replace("|", r"\|")
    return f"| `{name}` | {type_of(key.schema, root)} | {_default(key)} | {meaning} |"


def _table(keys: list[Key], root: Mapping, skip: int = 0) -> list[str]:
    return ["| Key | Type | Default | Meaning |", "|---|---|---|---|"] + [
        _row(key, root, skip) for key in keys
    ]


def page() -> str:
    """Return the page."""
    root = _read(SCHEMA)
    keys = list(keys_of(root, root))
    lines = [HEAD, "## Top level", ""]
    lines += _table([key for key in keys if len(key.place) == 1], root)
    for section, title in SECTIONS.items():
        inside = [key for key in keys if key.place[0] == section and len(key.place) > 1]
        if not inside:
            continue
        named = inside[0].place[1] == ANY_NAME
        where = f"`{section}: {{name}}: …`" if named else f"`{section}: …`"
        lines += ["", f"## {title}", "", f"Keys under {where}.", ""]
        lines += _table(inside, root, skip=2 if named else 1)
        if section == "datasets":
            for name, path in source_schemas().items():
                schema = _read(path)
                what = path.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ")
                lines += ["", f"### Source `{name}`", "", what, ""]
                lines += _table(list(keys_of(schema, schema)), schema)
    file = _read(SOURCES / "file.schema.yaml")
    lines += ["", "## A file", ""]
    lines += ["Give `path`, or `url` or `name` with `sha256` or `sha1`.", ""]
    lines += _table(list(keys_of(file, file)), file)
    return "\n".join(lines) + "\n"
