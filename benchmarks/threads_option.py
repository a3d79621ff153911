"""The option ``--threads`` that commands share."""

import click

threads_option = click.option(
    "--threads", type=click.IntRange(min=1), default=None, help="Threads of the kernels [default: all]."
)


def set_threads(threads: int | None) -> None:
    """Give the kernels this many threads."""
    if threads is None:
        return
    import numba

    most = numba.get_num_threads()
    if threads > most:
        raise ValueError(f"--threads must be at most {most} on this machine, got {threads}")
    numba.set_num_threads(threads)
