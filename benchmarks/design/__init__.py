"""Designs: an acquisition described in a file, judged by simulated replicates before it is booked."""
