"""Objectives compared: statistics, the report."""
