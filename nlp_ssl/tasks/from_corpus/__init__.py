"""Tasks without labels, made from the held-out documents of a corpus; one module each."""
