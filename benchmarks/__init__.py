"""The studies: the published experiment, its figures and report, and the command line.

`glasstomo.benchmarks.reproduce.reproduce` runs the experiment; `cli` is the command line; `figures`
holds every figure (arrays in, a figure out); `report` writes one self-contained HTML file.
"""
