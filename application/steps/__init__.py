"""The catalogue of what a model can be asked to do in a turn: each step declared as data, one file a stage."""
