"""`nlp-ssl show`: what an objective does to a text, before any training."""
