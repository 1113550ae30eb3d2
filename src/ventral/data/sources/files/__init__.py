"""A folder of images and a table of responses: a user's own data."""
