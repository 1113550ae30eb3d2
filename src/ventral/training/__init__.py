"""Training of networks: one stage on the train stimuli of a data set."""
