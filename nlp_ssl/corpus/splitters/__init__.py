"""Sentence splitters, one module each."""
