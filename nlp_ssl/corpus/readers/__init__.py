"""Readers of file formats, one module each, for corpora and for task data alike."""
