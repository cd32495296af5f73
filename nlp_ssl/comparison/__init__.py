"""Comparisons of objectives: the grid of their runs, what the scores say together."""
