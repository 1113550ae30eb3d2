"""The compiled codecs are a job's choice, for as long as the job lasts."""

import os
import subprocess
import sys

import pytest
import zarr

from ventral.storage.codecs import COMPILED, OWN, SETTING, compiled_codecs, use_own_codecs


def pipeline() -> str:
    return zarr.config.get("codec_pipeline.path")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv(SETTING, raising=False)
    with zarr.config.set({"codec_pipeline.path": OWN}):
        yield


def test_inside_the_block_zarr_uses_the_compiled_pipeline(tmp_path):
    with compiled_codecs():
        array = zarr.create_array(tmp_path / "a.zarr", shape=(4,), dtype="i4")
        assert type(array._async_array.codec_pipeline).__name__ == "ZarrsCodecPipeline"
    assert pipeline() == OWN
    assert SETTING not in os.environ


def test_it_is_put_back_after_an_error_too():
    with zarr.config.set({"codec_pipeline.path": "mine"}):
        with pytest.raises(ZeroDivisionError), compiled_codecs():
            assert pipeline() == COMPILED
            1 / 0  # noqa: B018
        assert pipeline() == "mine"


def test_a_choice_of_the_users_stays(monkeypatch):
    monkeypatch.setenv(SETTING, "mine")
    with compiled_codecs():
        assert pipeline() == OWN  # what Zarr has taken from the environment when it was imported
    assert os.environ[SETTING] == "mine"


def test_it_holds_where_zarr_is_imported_later():
    code = (
        "import sys\n"
        "from ventral.storage.codecs import compiled_codecs\n"
        "with compiled_codecs():\n"
        "    assert 'zarr' not in sys.modules\n"
        "    import zarr\n"
        "    print(zarr.config.get('codec_pipeline.path'))\n"
        "print(zarr.config.get('codec_pipeline.path'))\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    ).stdout.split()
    assert said == [COMPILED, OWN]


def test_a_forked_process_can_go_back_to_zarrs_own():
    with compiled_codecs():
        use_own_codecs()
        assert pipeline() == OWN
