"""Comparisons of objectives: what the scores say together."""
