"""Models, their preprocessing, and the activations of their layers."""
