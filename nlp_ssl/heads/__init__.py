"""Heads: one file each, found by name through `nlp_ssl.registry` and imported when they are used."""
