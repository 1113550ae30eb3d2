"""Patterns in tap sets."""

import pytest

from ventral.errors import VentralError
from ventral.study.layer_patterns import expand_patterns, is_pattern, matching_layers

LAYERS = [
    *("stem", "blocks", "blocks.0", "blocks.0.attn", "blocks.1", "blocks.1.attn"),
    *("blocks.2", "blocks.10", "head"),
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("blocks.*", ["blocks.0", "blocks.1", "blocks.2", "blocks.10"]),
        ("blocks.?", ["blocks.0", "blocks.1", "blocks.2"]),
        ("blocks.{10,0}", ["blocks.0", "blocks.10"]),
        ("blocks.{0,1}.attn", ["blocks.0.attn", "blocks.1.attn"]),
        ("blocks.**", [name for name in LAYERS if name.startswith("blocks.")]),
        ("{stem,head}", ["stem", "head"]),
        ("*.attn", []),
        ("**.attn", ["blocks.0.attn", "blocks.1.attn"]),
        ("block*", ["blocks"]),
        ("blocks.[01]*", []),  # no other special characters
    ],
)
def test_what_a_pattern_stands_for(pattern, expected):
    assert matching_layers(pattern, LAYERS) == expected
    assert is_pattern(pattern) and not is_pattern("blocks.0@1")


@pytest.mark.parametrize("pattern", ["blocks.{0,1", "blocks.0}*", "a{b,{c,d}}"])
def test_braces_that_are_not_closed(pattern):
    with pytest.raises(VentralError, match="braces"):
        matching_layers(pattern, LAYERS)


def expanded(taps, shapes=None):
    models = {"net": {"taps": taps}}
    list(expand_patterns(models, [{"layers": LAYERS, "shapes": shapes}]))
    return models["net"]["taps"]


def test_patterns_make_way_for_layers_in_place():
    assert expanded({"main": ["head", "blocks.{0,1}", "blocks.*"], "extra": ["stem"]}) == {
        "main": ["head", "blocks.0", "blocks.1", "blocks.2", "blocks.10"],
        "extra": ["stem"],
    }


def test_only_layers_with_activations():
    assert expanded({"main": ["blocks.*"]}, {"blocks.1": [3]}) == {"main": ["blocks.1"]}


def test_of_a_network_that_is_not_known_the_pattern_stays():
    models = {"net": {"taps": {"main": ["blocks.*"]}}}
    assert list(expand_patterns(models, [None])) == []
    assert models["net"]["taps"]["main"] == ["blocks.*"]


@pytest.mark.parametrize(
    ("taps", "said"),
    [
        ({"main": ["block.*"]}, r"taps: main: no layer with activations is like 'block.\*'; did"),
        ({"main": ["blocks.*"], "more": ["blocks.1"]}, "'blocks.1' is in tap set 'main' too"),
        ({"main": ["blocks.{1"]}, "models: net: taps: main: the braces"),
    ],
)
def test_refused(taps, said):
    with pytest.raises(VentralError, match=said):
        expanded(taps)
