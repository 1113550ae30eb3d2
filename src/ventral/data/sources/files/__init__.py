"""A folder of images and a table of responses: anybody's own data."""
