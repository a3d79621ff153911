"""Run the command line as ``python -m glasstomo.benchmarks``."""

from .cli import main

if __name__ == "__main__":
    main()
