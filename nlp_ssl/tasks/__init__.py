"""Labelled tasks: declarations, data, splits, metrics, baselines."""
