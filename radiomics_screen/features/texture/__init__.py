"""What the families of texture matrices share: the lattice of grey levels, directions, aggregation."""
