"""How the weight of the regulariser is chosen: λ_max, discrepancy, paths, held-out tilts."""
