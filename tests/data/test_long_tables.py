"""Tables in long form, compared with pandas' own pivot."""

import numpy as np
import pandas as pd
import pytest

from ventral.data import long_tables
from ventral.data.response_files import read_response_file
from ventral.data.time_windows import Window
from ventral.errors import VentralError

STIMULI = ["007", "7", "1e3", "nan", "True", "im a"]
SITES = ["01", "1", "NA", "u,3"]
NAMED = {"stimulus": "image", "site": "cell", "repetition": "trial", "response": "rate"}
BINS = [(0, 50), (50, 100), (100, 150)]


def table(repetitions=4, seed=0):
    """Return all combinations in no order."""
    rows = [
        (stimulus, site, f"{trial}")
        for stimulus in STIMULI
        for site in SITES
        for trial in range(repetitions)
    ]
    found = pd.DataFrame(rows, columns=["stimulus_id", "site_id", "repetition"], dtype=object)
    rng = np.random.default_rng(seed)
    found["response"] = rng.normal(size=len(found))
    return found.sample(frac=1, random_state=seed).reset_index(drop=True)


def write(path, given):
    given.to_csv(path, index=False)
    return path


def pivot(given, values="response"):
    """Return the averages, (stimuli, sites), in the order of `STIMULI` and `SITES`."""
    wide = given.pivot_table(
        index="stimulus_id", columns="site_id", values=values, aggfunc="mean", dropna=False
    )
    return wide.reindex(index=STIMULI, columns=SITES).to_numpy()


def ordered(given, windows=1):
    """Return the values with stimuli and sites in the order of `STIMULI` and `SITES`."""
    row = [list(given.stimulus_id).index(name) for name in STIMULI]
    column = [list(given.site_id).index(name) for name in SITES]
    values = given.values.reshape(len(row), windows, len(column), -1)[row][:, :, column]
    return values.reshape(len(row), -1, given.values.shape[2])


@pytest.mark.parametrize("at_once", [1, 7, 2**18])
@pytest.mark.parametrize("named", [False, True])
def test_names_that_look_like_numbers_stay_names(tmp_path, monkeypatch, at_once, named):
    monkeypatch.setattr(long_tables, "ROWS_AT_ONCE", at_once)
    given = table()
    written = given.rename(columns=dict(zip(given.columns, NAMED.values(), strict=True)))
    path = write(tmp_path / "r.csv", (written if named else given).assign(note="x"))
    found = read_response_file(path, columns=NAMED if named else None)
    assert set(found.stimulus_id) == set(STIMULI) and set(found.site_id) == set(SITES)
    assert found.values.shape == (len(STIMULI), len(SITES), 4)
    np.testing.assert_allclose(ordered(found).mean(axis=2), pivot(given))


def test_a_trial_is_the_same_at_all_sites_and_may_be_numbered_through_the_session(tmp_path):
    given = table()
    # Each stimulus has trials of its own: 0 to 3, 4 to 7, ...
    start = given["stimulus_id"].map({name: 4 * i for i, name in enumerate(STIMULI)})
    given["repetition"] = (given["repetition"].astype(int) + start).astype(str)
    found = ordered(read_response_file(write(tmp_path / "r.csv", given)))
    assert found.shape[2] == 4
    key = given.set_index(["stimulus_id", "repetition", "site_id"])["response"]
    for row, name in enumerate(STIMULI):
        trials = {tuple(trial) for trial in found[row].T}
        numbers = given["repetition"][given["stimulus_id"] == name].unique()
        assert trials == {tuple(key[name, n, site] for site in SITES) for n in numbers}


def test_missing_combinations_are_nan_and_counted(tmp_path, caplog):
    given = table()
    given = given[~((given["stimulus_id"] == "7") & (given["site_id"] == "1"))]
    given = given.reset_index(drop=True)
    given.loc[given.index[:3], "response"] = np.nan
    with caplog.at_level("INFO"):
        found = read_response_file(write(tmp_path / "r.csv", given))
    assert np.isnan(found.values).sum() == 4 + 3
    assert "7 of 96 combinations" in caplog.text
    for row, stimulus in enumerate(found.stimulus_id):
        for column, site in enumerate(found.site_id):
            own = given[(given["stimulus_id"] == stimulus) & (given["site_id"] == site)]
            trials = found.values[row, column]
            expected = own["response"].dropna()
            np.testing.assert_allclose(sorted(trials[~np.isnan(trials)]), sorted(expected))


def test_without_repetitions(tmp_path):
    given = table(repetitions=1).drop(columns="repetition")
    found = read_response_file(write(tmp_path / "r.csv", given))
    assert found.values.shape == (len(STIMULI), len(SITES), 1)
    np.testing.assert_allclose(ordered(found)[..., 0], pivot(given))


def test_time_bins(tmp_path):
    parts = [
        table(seed=0).assign(time_start=a, time_end=b, response=table(seed=i)["response"])
        for i, (a, b) in enumerate(BINS)
    ]
    given = pd.concat(parts).sample(frac=1, random_state=3).reset_index(drop=True)
    path = write(tmp_path / "r.csv", given)
    found = ordered(read_response_file(path, [Window(0, 100), Window(100, 150)]), windows=2)
    for window, chosen in enumerate((given["time_end"] <= 100, given["time_end"] == 150)):
        columns = slice(window * len(SITES), (window + 1) * len(SITES))
        np.testing.assert_allclose(found[:, columns].mean(axis=2), pivot(given[chosen]))
    # A bin that is missing makes the window missing.
    gone = given.drop(given[given["time_start"] == 50].index[0])
    found = read_response_file(write(path, gone), [Window(0, 100), Window(100, 150)])
    assert np.isnan(found.values).sum() == 1
    with pytest.raises(VentralError, match="has time bins; say over which"):
        read_response_file(path)
    with pytest.raises(VentralError, match="no time bin lies within 10–40 ms"):
        read_response_file(path, [Window(10, 40)])
    with pytest.raises(VentralError, match="has no time bins"):
        read_response_file(write(path, table()), [Window(0, 50)])


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    given = table()
    given["stimulus_id"] = given["stimulus_id"].map({name: i for i, name in enumerate(STIMULI)})
    given.to_parquet(tmp_path / "r.parquet")
    found = read_response_file(tmp_path / "r.parquet")
    assert set(found.stimulus_id) == {str(i) for i in range(len(STIMULI))}
    expected = given.groupby(["stimulus_id", "site_id"])["response"].mean()
    for row, stimulus in enumerate(found.stimulus_id):
        for column, site in enumerate(found.site_id):
            own = found.values[row, column].mean()
            np.testing.assert_allclose(own, expected[int(stimulus), site])


def test_parquet_without_pyarrow_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    (tmp_path / "r.parquet").write_bytes(b"PAR1")
    with pytest.raises(VentralError, match="pip install pyarrow"):
        read_response_file(tmp_path / "r.parquet")


def change(row, column, value):
    def spoil(given):
        given = given.astype(object)
        given.loc[row, column] = value
        return given

    return spoil


@pytest.mark.parametrize(
    ("spoil", "columns", "words"),
    [
        (change(3, "response", "many"), None, "row 5, column 'response': 'many' is not a number"),
        (change(3, "site_id", ""), None, "row 5 has no site_id"),
        (change(3, "repetition", ""), None, "row 5 has no repetition"),
        (lambda t: pd.concat([t, t[4:5]]), None, "row 98 repeats row 6 .*site_id"),
        (
            lambda t: t.drop(columns="repetition"),
            None,
            "repeats row .*; if these are repetitions, name the column",
        ),
        (lambda t: t[:0], None, "has no rows"),
        (lambda t: t, {"site": "sites"}, "no column 'sites' .*did you mean 'site_id'"),
        (lambda t: t, {"repetition": "trial"}, "no column 'trial'"),
        (lambda t: t, {"response": "site_id"}, "two of them are the same column"),
        (lambda t: t.assign(time_start=1), None, "needs both of time_start and time_end"),
        (
            lambda t: t.assign(time_start=1, time_end="late"),
            None,
            "row 2, column 'time_end': 'late' is not a number",
        ),
        (
            lambda t: t.set_axis([*t.columns[:2], "response", "response"], axis=1),
            None,
            "column 'response' is duplicated",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, spoil, columns, words):
    path = write(tmp_path / "r.csv", spoil(table()))
    with pytest.raises(VentralError, match=words):
        read_response_file(path, columns=columns)


def test_a_wide_table_has_no_columns_to_name(tmp_path):
    path = tmp_path / "r.npz"
    np.savez(path, responses=np.ones((1, 1)), stimulus_id=["a"])
    with pytest.raises(VentralError, match="columns is for a table in long form"):
        read_response_file(path, columns={})
    (tmp_path / "r.csv").write_text("stimulus_id,a\ns,1\n")
    with pytest.raises(VentralError, match="no column 'site_id'"):
        read_response_file(tmp_path / "r.csv", columns={})


def test_a_table_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "r.csv", table())
    monkeypatch.setattr(long_tables, "MAX_UNPACKED", 1000)
    with pytest.raises(VentralError, match="6 stimuli, 4 sites and up to 4 repetitions"):
        read_response_file(path)
