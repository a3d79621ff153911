"""glasstomo.recon."""
