"""EDS spectra: lines' strengths, detector response, spectrum images, net counts."""
