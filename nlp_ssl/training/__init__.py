"""Pretraining: the loop, optimizer, budgets, checkpoints and validation."""
