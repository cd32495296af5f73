"""Confidence intervals and corrections for multiple comparisons."""
