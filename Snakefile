"""The front door: the config, the rules of each step, and what to make."""

from snakemake.utils import min_version

# Snakemake 9.27 looks for the files beside a Snakefile at the top of a local git repository in the
# root folder of the disk. With a path that is joined here it finds them wherever they are.
RULES = workflow.current_basedir.join("workflow/rules")


include: RULES.join("source.smk")


min_version("9.27")  # it imports a package, which source.smk has put before files beside this one

if "datasets" not in config:
    check_files_of_config([f"{ROOT}/config/config.yaml"])

    configfile: f"{ROOT}/config/config.yaml"


include: RULES.join("common.smk")
include: RULES.join("paths.smk")
include: RULES.join("lineage.smk")
include: RULES.join("resources.smk")
include: RULES.join("data.smk")
include: RULES.join("training.smk")
include: RULES.join("activations.smk")
include: RULES.join("features.smk")
include: RULES.join("readouts.smk")
include: RULES.join("scores.smk")
include: RULES.join("chance.smk")
include: RULES.join("brain_score.smk")
include: RULES.join("similarity.smk")
include: RULES.join("figures.smk")
include: RULES.join("spectra.smk")
include: RULES.join("generalisation.smk")
include: RULES.join("dissimilarities.smk")
include: RULES.join("page.smk")
include: RULES.join("checks.smk")


# Snakemake leaves an empty log for a job that logs nothing, and a cluster's quota counts files.
onsuccess:
    if TERMINAL:
        TERMINAL.end()
    remove_empty_logs(workflow.pathvars.get("logs"))
    print(*where_the_results_are(RESULTS))


onerror:
    if TERMINAL:
        TERMINAL.end()
    remove_empty_logs(workflow.pathvars.get("logs"))
    print("\n".join(FAILURES.lines()), file=sys.stderr)


rule all:
    default_target: True
    input:
        "<results>/index.html",
        expand(
            "<results>/summary_by_region.{ending}",
            ending=["csv", "svg", "png"] if STUDY.datasets_with_responses else [],
        ),
        expand("<results>/{dataset}/scores.csv", dataset=STUDY.scored),
        expand("<results>/{dataset}/summary.csv", dataset=STUDY.scored),
        expand(
            "<results>/{dataset}/tables/{table}.{ending}",
            dataset=STUDY.scored,
            table=["models", "layers"],
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/tables/{table}.{ending}",
            dataset=STUDY.datasets_with_training,
            table=["training", "classification"],
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/figures/score_against_parameters.{ending}",
            dataset=STUDY.datasets_with_training,
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/figures/{figure}.{ending}",
            dataset=STUDY.scored,
            figure=[
                "explained_variance_by_layer",
                "score_along_layers",
                "heat_map_of_layers",
                "sites",
                "predicted_against_recorded",
            ],
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/figures/alpha_by_layer.{ending}",
            dataset=STUDY.datasets_with_chosen_alphas,
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/tables/{table}",
            dataset=STUDY.datasets_between_animals,
            table=[
                "between_animals.csv",
                "between_animals.md",
                "between_animals_by_site.csv",
            ],
        ),
        expand(
            "<results>/{dataset}/tables/comparisons.{ending}",
            dataset=STUDY.datasets_with_pairs,
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/figures/comparisons.{ending}",
            dataset=STUDY.datasets_with_pairs,
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/tables/sweeps.{ending}",
            dataset=STUDY.datasets_with_sweeps,
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/{result}",
            dataset=STUDY.datasets_with_similarity,
            result=[
                "tables/similarity.csv",
                "tables/similarity.md",
                "tables/similarity_between_models.csv",
                "tables/similarity_between_models.md",
                "figures/similarity_along_layers.svg",
                "figures/similarity_along_layers.png",
                "figures/dissimilarity_matrices.svg",
                "figures/dissimilarity_matrices.png",
            ],
        ),
        expand(
            "<results>/{dataset}/tables/reference_check.csv",
            dataset=STUDY.datasets_with_references,
        ),
        expand(
            "<results>/{dataset}/{table}",
            dataset=STUDY.datasets_with_chance,
            table=["chance.csv", "tables/chance.csv", "tables/chance.md"],
        ),
        expand(
            "<results>/{dataset}/tables/brain_score.{ending}",
            dataset=STUDY.datasets_with_brain_scores,
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/tables/{table}",
            dataset=STUDY.datasets_with_spectra,
            table=["spectra.csv", "spectra.md", "score_by_components.csv"],
        ),
        expand(
            "<results>/{dataset}/figures/score_by_components.{ending}",
            dataset=STUDY.datasets_with_spectra,
            ending=["svg", "png"],
        ),
        expand(
            "<results>/{dataset}/{result}",
            dataset=STUDY.datasets_with_generalisation,
            result=[
                "tables/generalisation.csv",
                "tables/generalisation.md",
                "figures/generalisation.svg",
                "figures/generalisation.png",
            ],
        ),
        expand(
            "<results>/{dataset}/tables/dissimilarities.{ending}",
            dataset=STUDY.datasets_with_dissimilarities,
            ending=["csv", "md"],
        ),
        expand(
            "<results>/{dataset}/figures/{figure}.{ending}",
            dataset=STUDY.datasets_with_dissimilarities,
            figure=["dissimilarities", "dissimilarity_matrices"],
            ending=["svg", "png"],
        ),
        pruned_stores(),
    localrule: True


rule fetch:
    input:
        files_to_fetch(),
    localrule: True


rule layers:
    input:
        expand("<results>/layers_of_models/{model}.md", model=STUDY.models),
    localrule: True
