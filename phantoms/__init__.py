"""glasstomo.phantoms."""
