"""``fetch`` on a login node, then a run without any network."""

import functools
import http.server
import threading
from hashlib import sha256

import pytest
import yaml

from helpers import snakemake
from majajhong2015_files import write_majajhong2015

pytestmark = pytest.mark.slow


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_what_was_fetched_is_enough_without_a_network(tmp_path):
    source, project = tmp_path / "source", tmp_path / "project"
    source.mkdir(), project.mkdir()
    files, _ = write_majajhong2015(source)
    handler = functools.partial(Quiet, directory=source)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def remote(name):
        content = files[name].read_bytes()
        return {
            "url": f"http://127.0.0.1:{server.server_port}/{files[name].name}",
            "sha256": sha256(content).hexdigest(),
            "size": len(content),
        }

    config = {
        "cache": str(tmp_path / "cache"),
        "datasets": {
            "small": {
                "source": "majajhong2015",
                "stimuli": {"files": {name: remote(name) for name in ("images", "table")}},
                "responses": {"files": {"assembly": remote("assembly")}},
            }
        },
        "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
        "readouts": {"ridge": {"method": "ridge", "features": "raw", "alpha": 1.0}},
    }
    (project / "config.yaml").write_text(yaml.safe_dump(config))
    arguments = "--configfile", str(project / "config.yaml")
    environment = {"no_proxy": "127.0.0.1", "VENTRAL_MIRRORS": ""}
    fetched = snakemake(project, "fetch", *arguments, **environment)
    assert fetched.returncode == 0, fetched.stdout[-2000:]
    assert sorted(path.name for path in (project / "resources").rglob("*.*")) == sorted(
        path.name for path in files.values()
    )
    assert not (project / "results").exists()
    server.shutdown()
    server.server_close()
    again = snakemake(project, "fetch", *arguments, **environment)
    assert "Nothing to be done" in again.stdout
    done = snakemake(project, "results/small/ceilings.csv", *arguments, **environment)
    assert done.returncode == 0, done.stdout[-2000:]
