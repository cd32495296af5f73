"""nlp_ssl: raw text in, an honest answer out."""

__version__ = "0.1.0"
