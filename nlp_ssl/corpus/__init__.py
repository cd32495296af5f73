"""Raw files -> documents -> sentences -> tokens -> Arrow; readers for corpora and task data."""
