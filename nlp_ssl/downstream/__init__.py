"""Labelled tasks: fine-tuning, metrics and their intervals, baselines."""
