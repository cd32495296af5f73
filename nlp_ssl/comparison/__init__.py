"""Objectives compared: the grid of their runs, what their scores say together, and the report that says it."""
