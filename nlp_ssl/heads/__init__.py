"""Heads, one per file. `nlp_ssl.registry` finds them by name and imports them on use."""
