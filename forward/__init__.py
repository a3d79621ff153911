"""glasstomo.forward."""
