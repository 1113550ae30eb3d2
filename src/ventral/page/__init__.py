"""The results page: one HTML file with tables that sort and filter, and charts with hover."""
