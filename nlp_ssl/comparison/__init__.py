"""Objectives compared: what their scores say together, and the report that says it."""
