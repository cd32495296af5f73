"""An objective and a head of one's own: momentum contrast with a queue."""
