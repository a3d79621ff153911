"""Detectors, and what stands between them and the specimen."""
