"""Studies: sweeps of designs, run on workers, kept in tables, reported."""
