"""Simple models to compare with, one file each."""
