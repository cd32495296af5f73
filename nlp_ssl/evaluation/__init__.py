"""Scores of a model: fine-tuning, probes, zero-shot."""
