"""A comparison's results as one HTML page."""
