"""Addresses are shown without what they keep secret."""

import pytest

from ventral.addresses import name_in_address, without_secrets
from ventral.data.named_files import download_name
from ventral.storage.provenance import provenance


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://jim:hunter2@a.org/f.zip", "https://***@a.org/f.zip"),
        ("https://token@a.org/f.zip", "https://***@a.org/f.zip"),
        ("https://jim:h@nter2@a.org/f", "https://***@a.org/f"),
        ("ftp://jim:hunter2@a.org/f", "ftp://***@a.org/f"),
        ("'https://a.org/f?token=s3cret&b=1' is wrong", "'https://a.org/f?***' is wrong"),
        (
            "Max retries exceeded with url: /f?sig=s3cret (by",
            "Max retries exceeded with url: /f?***",
        ),
        ("broken by 'x': /part/f?sig=s3cret", "broken by 'x': /part/f?***"),
        ("404 for url: https://j:p@a.org/f?t=s.", "404 for url: https://***@a.org/f?***"),
    ],
)
def test_what_is_hidden(text, shown):
    assert without_secrets(text).startswith(shown)
    assert not [word for word in ("nter2", "s3cret") if word in without_secrets(text)]


@pytest.mark.parametrize(
    "text",
    ["https://a.org/f.zip", "did you mean 'a'?", "mail jim@a.org", "a/b@c", "what? no=1", "/a/b.c"],
)
def test_what_stays(text):
    assert without_secrets(text) == text


def test_a_download_is_named_without_its_token():
    file = {"url": "https://j:p@a.org/part/my%20file.npz?token=s3cret", "sha256": "ab" * 32}
    assert download_name(file) == f"{'ab' * 8}/my%20file.npz"
    assert name_in_address("https://a.org/f.zip#part") == "f.zip"


def test_a_store_keeps_no_secret():
    settings = {"weights": {"url": "https://j:p@a.org/f?token=s3cret"}, "layers": ["a"], "n": 3}
    kept = provenance(settings=settings, missing=None)["provenance"]
    assert kept["settings"]["weights"]["url"] == "https://***@a.org/f?***"
    assert kept["settings"]["layers"] == ["a"] and kept["settings"]["n"] == 3
    assert kept["missing"] is None
