"""`nlp-ssl show`: examples and statistics of an objective, without training."""
