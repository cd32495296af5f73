"""Arrow to batches: examples, order, noise, batches. No torch here."""
