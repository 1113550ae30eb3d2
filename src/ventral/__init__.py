"""ventral: score vision models against recordings of the primate ventral stream."""
