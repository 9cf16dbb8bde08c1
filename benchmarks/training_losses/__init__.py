"""Which loss to train with, by what a model of hearing says of the outcome."""
