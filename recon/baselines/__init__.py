"""Reconstruction without a regulariser that a certificate could hold: the methods to compare with."""
