"""Bodies from transformers, heads as sums over targets."""
