"""IT recordings of the EPFL course NX-414."""
