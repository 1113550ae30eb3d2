"""Every key of a config is described, and docs/config_keys.md shows them all."""

import sys

import pytest

from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))
from _extensions import config_keys

SCHEMAS = {
    "config": config_keys.SCHEMA,
    "file": config_keys.SOURCES / "file.schema.yaml",
    **config_keys.source_schemas(),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_has_a_description(name):
    keys = config_keys.keys_of_file(SCHEMAS[name])
    assert keys
    missing = [".".join(key.place) for key in keys if not key.schema.get("description")]
    assert not missing, f"{SCHEMAS[name].name}: add a description of {', '.join(missing)}"


def test_the_page_is_that_of_the_schemas():
    shown = config_keys.PAGE.read_text()
    assert shown == config_keys.page(), "run make docs"


def test_the_page_has_every_key_with_its_type_and_default():
    page = config_keys.page()
    for name, path in SCHEMAS.items():
        for key in config_keys.keys_of_file(path):
            assert f"{key.place[-1]}` | " in page, (name, key.place)
    assert "| `training.head.dropout` | number, ≥ 0, < 1 | `0` |" in page
    assert "| `weights` | null or text or [file](#a-file) | `null` |" in page
    assert "| `weights.key` | text |" in page and "`weights.sha256`" not in page
    assert "| `stimuli.image_size` | whole number, ≥ 8, ≤ 4096 | required |" in page
