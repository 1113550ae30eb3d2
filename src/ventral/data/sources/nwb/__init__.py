"""Source `nwb`: recordings in Neurodata Without Borders files."""
