"""glasstomo.benchmarks."""
