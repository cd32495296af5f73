"""Labelled tasks: fine-tuning, metrics, baselines."""
