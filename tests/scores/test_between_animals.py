"""Sites predicted from those of other animals: against scikit-learn, and where there is little."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import explained_variance_score, r2_score

import majajhong2015_files
from ventral.data.responses import Responses, variance_of_average
from ventral.data.sources.majajhong2015.reader import read_responses, read_stimuli
from ventral.data.splits import partitions_of
from ventral.readouts.regression import DEFAULT_GRID, alpha_grid
from ventral.scores.between_animals import ALL, pairs_of, score_between_animals
from ventral.scores.between_animals_tables import NOTHING, markdown_of, of_region, sentence_of
from ventral.scores.ceilings import estimate_ceilings, scored_together
from ventral.storage.tables import read_csv, write_csv

SETTINGS = {"ceiling_floor": 0.1, "seed": 0, "n_bootstrap": 50}
SPLIT = pd.DataFrame({"split": ["train"] * 60 + ["validation"] * 20 + ["test"] * 20})
FOLDS = pd.DataFrame(
    {f"fold_{k}": np.where(np.arange(100) % 4 == k, "test", "train") for k in range(4)}
).assign(stimulus_id=[f"i{i}" for i in range(100)])


def recordings(animals="AABBB", region=None, noise=1.0, seed=0):
    """Return responses of sites that share five latent variables, with eight trials each."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(100, 5))
    signal = latent @ rng.normal(size=(5, len(animals))) * rng.uniform(0.1, 9, len(animals))
    spread = signal.std(axis=0)[:, None]
    trials = signal[..., None] + noise * spread * rng.normal(size=(*signal.shape, 8))
    return of_trials(trials, animals, region)


def of_trials(trials, animals, region=None):
    sites = pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(len(animals))],
            "region": region or ["IT"] * len(animals),
            "animal": list(animals),
        }
    )
    present = (~np.isnan(trials)).sum(axis=2)
    average = np.where(present > 0, np.nansum(trials, axis=2) / np.maximum(present, 1), np.nan)
    ids = np.array([f"i{i}" for i in range(len(trials))], object)
    return Responses(ids, sites, average, trials, variance_of_average(trials))


def score(responses, split=SPLIT, **settings):
    partitions = partitions_of(split)
    parts = scored_together(partitions)
    ceilings = estimate_ceilings(responses.sites, responses.repetitions, parts)
    return score_between_animals(responses, ceilings, partitions, **SETTINGS | settings)


def by_scikit_learn(x, y, train):
    """Return the predictions of ridge regression from standardised sites, on our grid."""
    x = x / x[train].std(axis=0)
    centred = x[train] - x[train].mean(axis=0)
    grid = alpha_grid(DEFAULT_GRID, np.array([(centred**2).sum()]), len(centred))
    return RidgeCV(grid, alpha_per_target=True).fit(x[train], y[train]).predict(x)


def test_each_animal_is_predicted_as_scikit_learn_predicts_it():
    responses = recordings("ABAABBBAAB", ["V4"] * 5 + ["IT"] * 5)
    table, sites = score(responses)
    train, test = (np.flatnonzero(SPLIT["split"] == part) for part in ("train", "test"))
    of_test = sites[sites["split"] == "test"].set_index("site_id")
    for region in ("V4", "IT"):
        for animal in "AB":
            inside = (responses.sites["region"] == region).to_numpy()
            own = inside & (responses.sites["animal"] == animal).to_numpy()
            y = responses.average[:, own]
            predicted = by_scikit_learn(responses.average[:, inside & ~own], y, train)
            rows = of_test.loc[responses.sites.loc[own, "site_id"]]
            for column, measure in (
                ("r2", r2_score),
                ("explained_variance", explained_variance_score),
            ):
                expected = measure(y[test], predicted[test], multioutput="raw_values")
                np.testing.assert_allclose(rows[column], expected, rtol=0, atol=1e-9)
            row = table.query("region == @region and animal == @animal and split == 'test'")
            assert row["explained_variance_mean"].item() == pytest.approx(expected.mean())
            counts = row[["n_sites", "n_source_sites", "n_stimuli", "n_train_stimuli"]]
            assert counts.to_numpy().tolist() == [[own.sum(), 5 - own.sum(), 20, 60]]
    assert set(table["split"]) == {"validation", "test"}
    whole = table.query("animal == @ALL and split == 'test'").set_index("region")
    means = of_test.groupby("region")["explained_variance"].mean()
    np.testing.assert_allclose(whole["explained_variance_mean"], means[whole.index])
    low, high = whole["explained_variance_low"], whole["explained_variance_high"]
    assert ((low < whole["explained_variance_mean"]) & (high > low)).all()
    assert of_test["explained_variance_corrected"].notna().all()


def test_folds_are_predicted_by_fits_of_their_own():
    responses = recordings()
    table, sites = score(responses, FOLDS)
    y = responses.average[:, :2]
    predicted = np.full(y.shape, np.nan)
    for fold in ("fold_0", "fold_1", "fold_2", "fold_3"):
        train, test = ((FOLDS[fold] == part).to_numpy() for part in ("train", "test"))
        predicted[test] = by_scikit_learn(responses.average[:, 2:], y, train)[test]
    together = sites[sites["split"] == "folds"].set_index("site_id")
    expected = explained_variance_score(y, predicted, multioutput="raw_values")
    np.testing.assert_allclose(together.loc[["s0", "s1"], "explained_variance"], expected)
    assert together["ceiling"].notna().all() and set(table["split"]) == {"folds"}


def test_an_exact_copy_is_predicted_exactly_and_a_lone_site_at_most_as_it_correlates():
    first = recordings("AAA")
    copied = of_trials(np.concatenate([first.repetitions] * 2, axis=1), "AAABBB")
    table, _ = score(copied)
    assert (table["explained_variance_mean"] > 1 - 1e-9).all()
    pair = recordings("AB")
    table, sites = score(pair)
    test = SPLIT["split"] == "test"
    r = np.corrcoef(pair.average[test].T)[0, 1]
    np.testing.assert_allclose(sites.loc[sites["split"] == "test", "pearson_r"], abs(r))
    assert table["n_source_sites"].dropna().unique().tolist() == [1]


def test_the_unit_of_a_site_does_not_matter():
    responses = recordings("AABBBC")
    scaled = of_trials(responses.repetitions * np.geomspace(1e-3, 1e3, 6)[:, None], "AABBBC")
    names = ["explained_variance", "pearson_r", "r2", "explained_variance_corrected", "ceiling"]
    np.testing.assert_allclose(score(responses)[1][names], score(scaled)[1][names], rtol=1e-6)


def test_independent_animals_predict_nothing():
    rng = np.random.default_rng(3)
    trials = rng.normal(size=(100, 8, 1)) + 0.1 * rng.normal(size=(100, 8, 6))
    table, _ = score(of_trials(trials, "AAAABBBB"))
    assert (table["explained_variance_mean"].abs() < 0.15).all()


def test_what_is_missing_is_left_out_and_counted():
    responses = recordings("AABBBB")
    trials = responses.repetitions.copy()
    trials[:10, 2:] = np.nan  # the others saw no such train stimuli
    trials[95:, 2:5] = np.nan  # three of four lack five test stimuli
    trials[61:65, 0] = np.nan  # an own site lacks validation stimuli
    holes = of_trials(trials, "AABBBB")
    (pair, _) = pairs_of(holes)
    assert pair.sources.tolist() == [2, 3, 4, 5] and pair.stimuli.tolist() == list(range(10, 95))
    table, sites = score(holes)
    of_a = table[table["animal"] == "A"].set_index("split")
    assert of_a["n_stimuli"].to_dict() == {"validation": 20, "test": 15}
    assert of_a["n_train_stimuli"].unique().tolist() == [50]
    own = sites[sites["animal"] == "A"].set_index(["split", "site_id"])
    assert own.loc["test", "ceiling"].isna().all()  # it is of all twenty stimuli
    assert own.loc["validation", "ceiling"].notna().all()
    assert own["explained_variance_corrected"].notna().all()
    predicted = by_scikit_learn(holes.average[10:95, 2:], holes.average[10:95, :2], np.arange(50))
    for split, place, rows in (("validation", 0, [50, *range(55, 70)]), ("test", 1, range(70, 85))):
        expected = explained_variance_score(
            holes.average[10:95][rows, place], predicted[rows, place]
        )
        found = own.loc[(split, f"s{place}"), "explained_variance"]
        assert found == pytest.approx(expected, abs=1e-9)


def test_animals_without_a_shared_stimulus_have_a_row_without_a_score(tmp_path):
    trials = recordings("AABBC").repetitions.copy()
    trials[::2, :4] = np.nan
    trials[1::2, 4] = np.nan
    table, sites = score(of_trials(trials, "AABBC"))
    (lone,) = table[table["split"] == ""].to_dict("records")
    assert (lone["animal"], lone["n_sites"], lone["n_stimuli"]) == ("C", 1, 0)
    assert set(sites["animal"]) == {"A", "B"} and set(table["animal"]) == {ALL, *"ABC"}
    table, sites = score(of_trials(trials[:, [0, 1, 4]], "AAC"))
    assert set(table["split"]) == {""} and sites.empty
    write_csv(tmp_path / "a.csv", table)
    back = read_csv(tmp_path / "a.csv")
    assert of_region(back, "IT", "test") is None and sentence_of(back, "test") == ""
    assert "Without a score" in markdown_of(back)


@pytest.mark.parametrize("animals", ["AAA", ["", "", ""], ["A", "A", ""]])
def test_one_animal_or_no_name_gives_an_empty_table(animals, tmp_path):
    table, sites = score(recordings(animals))
    assert table.empty and sites.empty and markdown_of(table) == NOTHING
    write_csv(tmp_path / "a.csv", table)
    back = read_csv(tmp_path / "a.csv")
    assert of_region(back, "IT", "test") is None and sentence_of(back, "test") == ""


def test_sources_that_do_not_vary_and_few_train_stimuli():
    trials = recordings("AABB").repetitions.copy()
    trials[:60, 2] = 3.0
    found = score(of_trials(trials, "AABB"))[1]
    without = of_trials(trials[:, [0, 1, 3]], "AAB")
    expected = score(without)[1]
    names = ["site_id", "explained_variance"]
    of_a = found.loc[found["animal"] == "A", names].reset_index(drop=True)
    of_a_without = expected.loc[expected["animal"] == "A", names].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_a, of_a_without)
    trials[:60, 3] = 3.0
    table, _ = score(of_trials(trials, "AABB"))
    assert table.loc[table["split"] == "", "animal"].tolist() == ["A"]
    few = SPLIT.assign(split=["train"] * 2 + ["unused"] * 58 + ["test"] * 40)
    assert set(score(recordings(), few)[0]["split"]) == {""}


def test_without_trials_there_is_no_ceiling():
    whole = recordings()
    averaged = Responses(whole.stimulus_id, whole.sites, whole.average)
    table, sites = score(averaged)
    assert sites[["ceiling", "explained_variance_corrected"]].isna().all(axis=None)
    assert table["explained_variance_mean"].notna().all()
    assert "–" in markdown_of(table) and "of IT" in sentence_of(table, "test")


def test_the_two_animals_of_a_file_of_majajhong2015s_form(tmp_path, monkeypatch):
    """With its split, repeated draws: a stimulus is tested several times, or never."""
    monkeypatch.setattr(majajhong2015_files, "REGIONS", ["IT"] * 4 + ["V4"])
    files, _ = majajhong2015_files.write_majajhong2015(tmp_path)
    table = read_stimuli({}, files).table
    responses = read_responses({}, files, table)
    assert responses.sites["animal"].tolist() == ["Tito", "Chabo", "Tito", "Chabo", "Tito"]
    rng = np.random.default_rng(0)
    split = pd.DataFrame({"stimulus_id": table["stimulus_id"]})
    for fold in range(3):
        test = np.isin(np.arange(len(table)), rng.permutation(len(table))[:8])
        split[f"fold_{fold}"] = np.where(test, "test", "train")
    noise = variance_of_average(responses.repetitions)
    responses = dataclasses.replace(responses, noise_variance=noise)
    found, sites = score(responses, split)
    assert set(found["region"]) == {"IT"}  # one animal alone has a V4 site
    assert found["animal"].tolist() == [ALL, "Tito", "Chabo"]
    assert found["n_source_sites"].dropna().tolist() == [2, 2]
    (tito,) = np.nonzero(responses.sites["animal"][:4] == "Tito")
    (chabo,) = np.nonzero(responses.sites["animal"][:4] == "Chabo")
    scores = []
    for fold in range(3):
        train, test = ((split[f"fold_{fold}"] == part).to_numpy() for part in ("train", "test"))
        y = responses.average[:, tito]
        predicted = by_scikit_learn(responses.average[:, chabo], y, train)
        scores.append(r2_score(y[test], predicted[test], multioutput="raw_values"))
    of_folds = sites[sites["split"] == "folds"].set_index("site_id")
    names = responses.sites["site_id"].iloc[tito]
    np.testing.assert_allclose(of_folds.loc[names, "r2"], np.mean(scores, axis=0), atol=1e-9)
