"""glasstomo.metrics."""
