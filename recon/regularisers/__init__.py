"""Regularisers: difference operators with fused kernels, and what a solver asks of them."""
