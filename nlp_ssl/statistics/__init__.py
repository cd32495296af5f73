"""Intervals, corrections for many comparisons."""
