"""Comparisons of objectives: plan, jobs, execution, results and analysis."""
