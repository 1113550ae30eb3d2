"""Training: one stage of a network on the train stimuli of a data set."""
