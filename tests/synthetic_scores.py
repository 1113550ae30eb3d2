"""Seeded scores and summaries that look like the real ones."""

import numpy as np
import pandas as pd

PCS = {"label": "Ridge CV", "method": "ridge_cv", "features": "pcs", "used": 39}
READOUTS = {
    "raw_linear": {
        "label": "Linear",
        "method": "linear",
        "features": "raw",
        "used": 2000,
    },
    "pcs_ridge_cv": PCS,
}
PIXELS = {
    "label": "Pixels",
    "variant": "",
    "group": "Images",
    "architecture": "pixels",
    "weights": None,
    "layers": ["pixels"],
}
METRICS = ("r2", "explained_variance", "pearson_r")


def network(label, variant, group="Task-driven models", weights="w", architecture=None, layers=()):
    return {
        "label": label,
        "variant": variant,
        "group": group,
        "architecture": architecture or label.lower(),
        "weights": weights,
        "layers": list(layers),
    }


RESNET = ("conv1", "layer1", "layer2", "layer3", "layer4", "avgpool")
GOAL = "Goal-driven models"


def many_models():
    """Pixels and seven networks of six layers, among them long names and twins."""
    alexnet = [f"features.{i}" for i in (0, 3, 6, 8, 10, 12)]
    transformer = [f"blocks.{i}.mlp.fc2" for i in (0, 2, 5, 7, 9, 11)]
    shallow = [f"conv{i}" for i in range(1, 7)]
    return {
        "pixels": PIXELS,
        "resnet": network("ResNet-50", "pretrained weights", layers=RESNET),
        "resnet_random": network("ResNet-50", "random weights", weights=None, layers=RESNET),
        "shallow": network("Shallow CNN", "6 layers", GOAL, None, layers=shallow),
        "resnet_goal": network("ResNet-50", "pretrained", GOAL, layers=RESNET),
        "resnet_scratch": network("ResNet-50", "not pretrained", GOAL, None, layers=RESNET),
        "alexnet": network("AlexNet", "pretrained", GOAL, layers=alexnet),
        "vit": network("ViT-S", "pretrained", GOAL, layers=transformer),
    }


def synthetic(
    models,
    regions=("IT",),
    n_sites=60,
    splits=("validation", "test"),
    readouts=READOUTS,
    ceiling=True,
    seed=0,
):
    """Return (scores, summary); deep layers win in IT, and linear readouts have long tails."""
    rng = np.random.default_rng(seed)
    parts = []
    for region in regions:
        sites = [f"{region}_{index:03d}" for index in range(n_sites)]
        reliability = rng.uniform(0.4, 0.95, n_sites)
        for model, given in models.items():
            depth = np.linspace(0, 1, len(given["layers"]))
            best = 0.65 if region == "IT" else 0.4
            strength = 0.08 if given["architecture"] == "pixels" else 0.45
            strength *= 1 if given["weights"] or strength < 0.1 else 0.35
            for layer, place in zip(given["layers"], depth, strict=True):
                peak = strength * np.exp(-(((place - best) / 0.4) ** 2))
                for readout, how in readouts.items():
                    loss = 0.5 if how["method"] == "linear" else 0
                    for split in splits:
                        noise = rng.gamma(1.2, 0.04 + loss, n_sites)
                        noise += (rng.random(n_sites) < 0.03) * rng.exponential(2.0, n_sites)
                        value = peak * reliability * rng.uniform(0.5, 1.4, n_sites) - noise
                        r = np.sqrt(np.clip(value, 0, None)) + rng.uniform(0.02, 0.1, n_sites)
                        parts.append(
                            pd.DataFrame(
                                {
                                    "dataset": "synthetic",
                                    "region": region,
                                    "model": model,
                                    "layer": layer,
                                    "readout": readout,
                                    "split": split,
                                    "site_id": sites,
                                    "r2": value - rng.uniform(0, 0.01, n_sites),
                                    "explained_variance": value,
                                    "pearson_r": r,
                                    "ceiling": reliability if ceiling else np.nan,
                                    "r2_ceiled": r * abs(r) / reliability if ceiling else np.nan,
                                    "alpha": 10.0,
                                    "n_components": how.get("used", np.nan),
                                }
                            )
                        )
    scores = pd.concat(parts, ignore_index=True)
    return scores, summarise(scores)


def summarise(scores):
    keys = ["dataset", "region", "model", "layer", "readout", "split"]
    rows = []
    for key, part in scores.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        row |= {"n_sites": len(part), "n_components": part["n_components"].iloc[0]}
        row |= {"n_stimuli": 70, "n_animals": 1.0, "n_sessions": np.nan}
        row["ceiling_median"] = part["ceiling"].median()
        for metric in METRICS:
            values = part[metric].dropna()
            error = 1.96 * values.std(ddof=1) / np.sqrt(max(len(values), 1))
            row |= {
                f"{metric}_mean": values.mean(),
                f"{metric}_median": values.median(),
                f"{metric}_low": values.mean() - error,
                f"{metric}_high": values.mean() + error,
            }
        row["r2_ceiled_median"] = part["r2_ceiled"].median()
        row["explained_variance_corrected_ratio"] = row["explained_variance_mean"] / 0.7
        row["r2_ceiled_ratio"] = row["r2_ceiled_median"]
        row["cross_site_correlation"] = 0.3 * part["pearson_r"].mean()
        row["n_undefined"] = int(part["explained_variance"].isna().sum())
        row["n_alpha_on_edge"] = 0
        rows.append(row)
    summary = pd.DataFrame(rows)
    chosen = summary[summary["split"] == "validation"].sort_values(
        "explained_variance_mean", ascending=False, kind="stable"
    )
    chosen = chosen.dropna(subset="explained_variance_mean")
    chosen = chosen.drop_duplicates(["region", "model", "readout"])
    best = set(chosen[["region", "model", "readout", "layer"]].itertuples(index=False, name=None))
    summary["layer_committed"] = [
        key in best
        for key in summary[["region", "model", "readout", "layer"]].itertuples(
            index=False, name=None
        )
    ]
    return summary.assign(
        committed_on="validation",
        committed_by="mean",
        model_entry=summary["model"],
        readout_entry=summary["readout"],
        setting="",
        setting_committed=True,
    )
