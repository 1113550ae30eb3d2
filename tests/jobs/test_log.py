"""Logs of jobs."""

from ventral.jobs.log import remove_empty_logs


def test_empty_logs_are_removed_and_others_kept(tmp_path):
    (tmp_path / "fit_pca" / "net").mkdir(parents=True)
    empty, full, other = (
        tmp_path / name for name in ("fit_pca/net/main.log", "fit_pca/full.log", "empty.txt")
    )
    empty.touch()
    full.write_text("a line\n")
    other.touch()
    remove_empty_logs(tmp_path)
    assert not empty.exists()
    assert full.exists() and other.exists()
    remove_empty_logs(tmp_path / "missing")
