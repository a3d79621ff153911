"""Data terms: how well a projection explains what was recorded."""
