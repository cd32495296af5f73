"""Models: transformers bodies, saved models, chunked losses and FLOP counts."""
