"""Hypothesis strategies for the nouns of glasstomo."""
