"""Components of other packages, turned into what the laws see: one module for each package."""
