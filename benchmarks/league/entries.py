"""Who takes part in the league."""

from typing import Any

from ...phantoms.table import Table
from .league_entry import LeagueEntry

_INSTALL = {
    "astra": "astra-toolbox",
    "odl": "odl",
    "pylops": "pylops",
    "pyproximal": "pyproximal",
    "scipy": "scipy",
    "skimage": "scikit-image",
    "svmbir": "svmbir",
}
_NOISE = "lambda by the noise alone; relative gap 1e-3"
_DISCREPANCY = "lambda by the discrepancy principle; relative gap 1e-3"
_STOPPED = "stopped once the misfit is down to the noise"
_SETTLED = "lambda by the noise alone; stopped once the objective changes by less than 1e-3 in 50 iterations"


def _null(function: str, summary: str, rule: str) -> dict[str, Any]:
    return {"summary": summary, "family": "null", "solver": f"null_entries:{function}", "rule": rule}


def _own(summary: str, rule: str, **options: Any) -> dict[str, Any]:
    return {
        "summary": summary,
        "family": "own",
        "solver": "own_entries:by_reconstruct",
        "rule": rule,
        "options": options,
    }


def _stopped(method: str, summary: str, rule: str) -> dict[str, Any]:
    return {"summary": summary, "family": "own", "solver": f"own_entries:{method}", "rule": rule}


def _peer(solver: str, summary: str, rule: str, *modules: str, **options: Any) -> dict[str, Any]:
    return {
        "summary": summary,
        "family": "peer",
        "solver": solver,
        "rule": rule,
        "options": options,
        "modules": modules,
        "install": f"pip install {' '.join(_INSTALL[name] for name in modules)}",
    }


_ENTRIES: dict[str, dict[str, Any]] = {
    "constant": _null(
        "constant",
        "one constant wherever every tilt is bright",
        "support above a fifth of the brightest, each channel's total",
    ),
    "uniform": _null("uniform", "one constant in all voxels", "each channel's total"),
    "back_projection": _null(
        "back_projection", "back projection without a filter", "times the factor that gives the total"
    ),
    "tv": _own("total variation", _DISCREPANCY, method="tv", lam="discrepancy"),
    "tv2": _own("second-order total variation, the paper's", _DISCREPANCY, method="tv2", lam="discrepancy"),
    "tv_noise": _own("total variation", _NOISE, method="tv", lam="noise"),
    "tv2_noise": _own("second-order total variation", _NOISE, method="tv2", lam="noise"),
    "tgv2_noise": _own("total generalised variation", _NOISE, method="tgv2", lam="noise"),
    "tv_poisson": _own(
        "total variation, Poisson counts", _NOISE, method="tv", lam="noise", data_term="kullback_leibler"
    )
    | {"signals": ("EDS_TEM",)},
    "vectorial_tv": _own(
        "total variation of all elements together", _NOISE, method="tv", lam="noise", joint=True
    ),
    "fista_tv": _stopped("fista_tv", "total variation by FISTA", _SETTLED),
    "sirt": _own("simultaneous iterative reconstruction", "100 iterations", method="sirt"),
    "sirt_noise": _stopped(
        "sirt_to_noise", "simultaneous iterative reconstruction", f"{_STOPPED}; 200 iterations at most"
    ),
    "mlem": _own("expectation maximisation", "30 iterations", method="mlem"),
    "mlem_noise": _stopped("mlem_to_noise", "expectation maximisation", f"{_STOPPED}; 100 iterations at most")
    | {"signals": ("EDS_TEM",)},
    "osem": _own("expectation maximisation by ordered subsets", "8 sweeps, 4 subsets", method="osem"),
    "cgls": _own("conjugate gradients", "20 iterations", method="cgls"),
    "cgls_noise": _stopped("cgls_to_noise", "conjugate gradients", f"{_STOPPED}; 200 iterations at most"),
    "wbp": _own("weighted back projection", "Hann window", method="wbp"),
    "skimage_fbp": _peer(
        "skimage_entries:iradon", "scikit-image iradon", "the package's default filter, the ramp", "skimage"
    ),
    "skimage_sart": _peer(
        "skimage_entries:iradon_sart",
        "scikit-image iradon_sart, x >= 0",
        f"{_STOPPED}; 20 sweeps at most",
        "skimage",
    ),
    "astra_fbp": _peer("astra_entries:fbp", "ASTRA FBP", "the package's default filter, Ram-Lak", "astra"),
    "astra_sirt": _peer(
        "astra_entries:iterated",
        "ASTRA SIRT, x >= 0",
        f"{_STOPPED}; 200 iterations at most",
        "astra",
        algorithm="SIRT",
    ),
    "astra_sart": _peer(
        "astra_entries:iterated",
        "ASTRA SART, x >= 0",
        f"{_STOPPED}; 20 sweeps at most",
        "astra",
        algorithm="SART",
    ),
    "astra_cgls": _peer(
        "astra_entries:iterated",
        "ASTRA CGLS",
        f"{_STOPPED}; 30 iterations at most",
        "astra",
        algorithm="CGLS",
    ),
    "odl_tv": _peer(
        "plain_pdhg_entries:plain_pdhg",
        "ODL's primal-dual TV with ASTRA's projector",
        _SETTLED,
        "odl",
        "astra",
        peer="odl_astra",
        stored=True,
    ),
    "pyproximal_tv": _peer(
        "plain_pdhg_entries:plain_pdhg",
        "PyProximal's primal-dual TV with PyLops' operators",
        _SETTLED,
        "pylops",
        "pyproximal",
        peer="pyproximal",
    ),
    "scipy_tv": _peer(
        "plain_pdhg_entries:plain_pdhg",
        "textbook primal-dual TV in NumPy and SciPy",
        _SETTLED,
        "scipy",
        peer="scipy",
    ),
    "svmbir": _peer(
        "svmbir_entries:svmbir",
        "svmbir: Markov random field prior, weights from the noise",
        "inverse variances as they are, the package's own scale of the prior and stopping rule",
        "svmbir",
    ),
    "svmbir_default": _peer(
        "svmbir_entries:svmbir",
        "svmbir: Markov random field prior, its own noise level",
        "all by the package: 30 dB, its scale of the prior and stopping rule",
        "svmbir",
        noise="package",
    ),
}

ENTRIES: Table[LeagueEntry] = Table(
    "league entry", {name: LeagueEntry(name=name, **fields) for name, fields in _ENTRIES.items()}
)
"""All entries by name: nulls, our own, other packages'."""


def outside_entry(solver: str, *, name: str = "", options: dict[str, Any] | None = None) -> LeagueEntry:
    """Return the entry of a solver from outside.

    Parameters
    ----------
    solver : str
        ``package.module:object``: a function ``solve(data)`` of `LeagueData` that returns densities
        (channel, z, y, x), or a ``solver(problem)`` as `glasstomo.recon.reconstruct` takes it. The
        first is told by the name (``data``) or the annotation of its first argument.
    name : str
        For tables; the object's name when omitted.
    options : dict, optional
        Keyword arguments.

    Returns
    -------
    LeagueEntry

    Raises
    ------
    ValueError
        When `solver` does not read ``package.module:object``.

    Examples
    --------
    >>> outside_entry("my_package.mine:solve").name
    'solve'
    """
    module, _, function = solver.partition(":")
    if not (module and function):
        raise ValueError(f"`solver` must read package.module:object, got {solver!r}")
    return LeagueEntry(
        name=name or function,
        summary=solver,
        family="outside",
        solver=solver,
        rule="its own",
        options=dict(options or {}),
    )
