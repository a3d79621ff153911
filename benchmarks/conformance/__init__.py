"""The conformance kit: laws of operators, functionals and solvers, and what puts them to a component."""
