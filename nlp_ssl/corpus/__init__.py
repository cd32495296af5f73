"""Raw files -> documents -> sentences -> tokens -> Arrow; examples, order and noise."""
