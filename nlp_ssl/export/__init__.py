"""A model elsewhere: files for other programs, and the upload to the Hugging Face hub."""
