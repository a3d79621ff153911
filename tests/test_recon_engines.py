"""Two engines and CVXPY solve the same problem, for every data term, regulariser, bound and channel."""

import warnings
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from glasstomo.forward import Projector
from glasstomo.recon import Problem, Status, solve_odl, solve_pdhg
from glasstomo.recon.odl_operators import as_array, assign, odl
from glasstomo.recon.odl_pieces import odl_problem

from .small_problems import one_thread, particle  # noqa: F401
from .test_recon_operators import slow_gradient, slow_hessian

DATA_TERMS = ("least_squares", "kullback_leibler")
REGULARISERS = ("tv", "tv2", "tv_tv2", "tgv2")
# About what the noise asks for, at two counts per unit of the data.
LAMBDA = {"tv": 0.4, "tv2": 0.2, "tv_tv2": 0.4, "tgv2": 0.4}
# Volumes of a few voxels converge fastest with smaller dual steps than the default of `solve_odl`.
WEIGHT = {"tv": 8.0, "tv2": 8.0, "tv_tv2": 8.0, "tgv2": 3.0}
KINDS = [
    pytest.param(
        *kind,
        id="-".join([*kind[:2], "joint" if kind[2] else "single", "box" if kind[3] else "half_line"]),
        # Four minimisations of several seconds each: the smaller ones cover the same code.
        marks=[pytest.mark.slow] if kind[1:3] == ("tgv2", 2) else [],
    )
    for kind in product(DATA_TERMS, REGULARISERS, (None, 2), (False, True))
]
every = pytest.mark.parametrize(("data_term", "regulariser", "channels", "box"), KINDS)


def small_problem(data_term, regulariser, channels=None, box=False, n=5, nx=3, tilts=4) -> Problem:
    """Two elements, or one, of a small particle; with a box there is a background too."""
    rng = np.random.default_rng(3)
    angles = np.linspace(-60, 60, tilts)
    projector = Projector(shape=(n, n), angles_deg=angles, spacing_nm=1.0)
    volume = particle(n, nx)
    truth = np.stack([volume, 3.0 * (volume > 4.5)]) if channels else volume
    series = [projector.forward(part) for part in truth] if channels else projector.forward(volume)
    gains = rng.uniform(0.5, 1.0, (2, tilts) if channels else tilts)
    background = rng.uniform(0.5, 1.5, np.shape(series)) if box else 0.0
    counts = rng.poisson(2.0 * (gains[..., None, None] * np.array(series) + background))
    weights = np.full(counts.shape, 2.0) if data_term == "kullback_leibler" else 4.0 / np.maximum(counts, 1)
    weights[..., 0, 1, :2] = 0.0
    return Problem(
        data=counts / 2.0,
        weights=weights,
        gains=gains,
        angles_deg=angles,
        spacing_nm=1.0,
        projector=projector,
        data_term=data_term,
        background=background if box else None,
        lower=0.3 if box else 0.0,
        upper=3.5 if box else np.inf,
        regulariser=regulariser,
        second_order_share=0.3,
        tgv_ratio=0.4,
        channel_weights=[1.0, 1.6] if channels else None,
        lam=LAMBDA[regulariser],
    )


@cache
def fused(data_term, regulariser, channels, box):
    """Solve by the fused engine, once for all tests."""
    return solve_pdhg(small_problem(data_term, regulariser, channels, box), gap=1e-4, max_iterations=20000)


def matrices(slow, inputs, shape):
    """Dense matrices of a difference operator, one for each component."""
    units = np.eye(inputs * int(np.prod(shape))).reshape(-1, *((inputs,) if inputs > 1 else ()), *shape)
    columns = np.stack([slow(unit) for unit in units], axis=-1)
    return columns.reshape(len(columns), -1, len(units))


def symmetrised(field):
    from glasstomo.recon.regularisers.symmetrised_gradient import symmetrised_gradient

    out = np.empty((6, *field.shape[1:]), np.float32)
    symmetrised_gradient(np.ascontiguousarray(field, np.float32), out)
    return out


def minimum_by_cvxpy(problem) -> tuple[float, np.ndarray]:
    """Least objective and volume by an interior-point method, from dense matrices and exact cones."""
    cvxpy = pytest.importorskip("cvxpy", reason="needs cvxpy: pip install 'glasstomo[peers]'")
    size, channels = int(np.prod(problem.grid)), problem.channels or 1
    units = np.eye(size, dtype=np.float32).reshape(size, *problem.grid)
    projector = np.stack([problem.projector.forward(e).ravel() for e in units], axis=1).astype(float)
    pixels = int(np.prod(problem.data.shape[-2:]))
    volumes = [cvxpy.Variable(size) for _ in range(channels)]
    terms, norms = [], {}
    for c, x in enumerate(volumes):
        at = c if problem.channels else slice(None)
        y = cvxpy.multiply(np.repeat(problem.gains[at], pixels), projector @ x)
        if problem.background is not None:
            y = y + problem.background[at].ravel().astype(float)
        terms.append(_data_term(cvxpy, problem, y, problem.data[at].ravel(), problem.weights[at].ravel()))
        gamma = 1.0 if problem.channels is None else problem.channel_weights[c]
        for name, share, parts in _differences(cvxpy, problem, x):
            norms.setdefault(name, (share, []))[1].extend(gamma * part for part in parts)
    penalty = sum(s * cvxpy.sum(cvxpy.norm(cvxpy.vstack(p), 2, axis=0)) for s, p in norms.values())
    bounds = [x >= problem.lower for x in volumes]
    if np.isfinite(problem.upper):
        bounds += [x <= problem.upper for x in volumes]
    with warnings.catch_warnings():
        # Of exponential cones it may say "inaccurate" at 1e-6 or so; the tests ask for 1e-4.
        warnings.filterwarnings("ignore", "Solution may be inaccurate")
        objective = cvxpy.Minimize(sum(terms) + problem.lam * penalty)
        least = cvxpy.Problem(objective, bounds).solve("CLARABEL")
    return float(least), np.stack([x.value for x in volumes]).reshape(problem.shape)


def _data_term(cvxpy, problem, y, data, weights):
    seen = np.flatnonzero(weights > 0)
    data, weights, y = data[seen].astype(float), weights[seen].astype(float), y[seen]
    if problem.data_term == "kullback_leibler":
        return weights @ cvxpy.kl_div(data, y)
    return cvxpy.sum_squares(cvxpy.multiply(np.sqrt(weights), y - data)) / 2


def _differences(cvxpy, problem, x):
    """Name, factor and components of each norm of the regulariser, for one channel."""
    first, second = (matrices(slow, 1, problem.grid) for slow in (slow_gradient, slow_hessian))
    share = problem.second_order_share
    if problem.regulariser == "tv":
        return [("first", 1.0, [D @ x for D in first])]
    if problem.regulariser == "tv2":
        return [("second", 1.0, [D @ x for D in second])]
    if problem.regulariser == "tv_tv2":
        return [("first", 1 - share, [D @ x for D in first]), ("second", share, [D @ x for D in second])]
    v = cvxpy.Variable((3, first.shape[-1]))
    flat = cvxpy.reshape(v, (v.size,), order="C")
    third = matrices(symmetrised, 3, problem.grid)
    return [
        ("first", 1.0, [D @ x - v[i] for i, D in enumerate(first)]),
        ("third", problem.tgv_ratio, [D @ flat for D in third]),
    ]


def nrmse(volume, truth):
    return np.linalg.norm(volume - truth) / np.linalg.norm(truth)


@every
def test_both_engines_reach_the_minimum_of_cvxpy(data_term, regulariser, channels, box):
    problem = small_problem(data_term, regulariser, channels, box)
    ours = fused(data_term, regulariser, channels, box)
    odls = solve_odl(problem, gap=2e-4, max_iterations=4000, primal_weight=WEIGHT[regulariser])
    least, volume = minimum_by_cvxpy(problem)
    for solve in (ours, odls):
        assert solve.status is Status.CONVERGED
        assert solve.objective == pytest.approx(least, rel=1e-4)
        # The bound holds: CVXPY's own minimum is good to about 1e-7.
        assert solve.objective * (1 - solve.relative_gap) <= least * (1 + 1e-6)
        assert solve.volume.min() >= np.float32(problem.lower)
        assert solve.volume.max() <= np.float32(problem.upper)
        assert solve.volume.shape == problem.shape
    assert odls.objective == pytest.approx(ours.objective, rel=1e-4)
    assert odls.misfit == pytest.approx(ours.misfit, rel=5e-3)
    # Convex, not strongly so: a relative gap of 1e-4 leaves the volume about its root of freedom.
    assert nrmse(ours.volume, volume) < 0.02
    if box:
        assert (volume < problem.lower + 1e-4).any()
        assert (volume > problem.upper - 1e-4).any()


def element(space, volume, auxiliary=None):
    """Element of the domain of `odl_problem`."""
    x = space.element()
    if auxiliary is None:
        assign(x, volume)
    else:
        assign(x[0], volume)
        assign(x[1], auxiliary.reshape(-1, *volume.shape[-3:]))
    return x


def random_element(space, rng):
    """Random numbers in any element, however nested."""
    x = space.element()
    for part in x if isinstance(space, odl.ProductSpace) else [x]:
        if part is x:
            assign(x, rng.normal(size=x.shape))
        else:
            part.assign(random_element(part.space, rng))
    return x


@every
def test_pieces_for_odl_add_up_to_the_objective(data_term, regulariser, channels, box, rng):
    problem = small_problem(data_term, regulariser, channels, box)
    volume = rng.uniform(0.5, 3.4, problem.shape).astype(np.float32)
    auxiliary = None
    if problem.auxiliary_shape is not None:
        auxiliary = rng.normal(size=problem.auxiliary_shape).astype(np.float32)
        # There is no v behind a far face.
        auxiliary[..., 0, -1, :, :] = auxiliary[..., 1, :, -1, :] = auxiliary[..., 2, :, :, -1] = 0
    expected = problem.objective(volume, auxiliary=auxiliary)
    for whitened in (False, True):
        f, g, L = odl_problem(problem, whitened=whitened)
        x = element(f.domain, volume, auxiliary)
        assert f(x) + sum(gi(Li(x)) for gi, Li in zip(g, L, strict=True)) == pytest.approx(expected, rel=1e-5)
        for Li in L:
            x, y = random_element(Li.domain, rng), random_element(Li.range, rng)
            scale = Li(x).norm() * y.norm()
            assert abs(Li(x).inner(y) - x.inner(Li.adjoint(y))) <= 1e-5 * scale
    assert f(element(f.domain, volume - 9, auxiliary)) == np.inf


def by_odl_pdhg(f, g, L, x, ratio):
    everything = odl.BroadcastOperator(*L)
    norm = 1.02 * odl.power_method_opnorm(everything, maxiter=60)
    step = float(0.99 / norm)
    odl.solvers.pdhg(
        x, f, odl.functionals.SeparableSum(*g), everything, 600, tau=step / ratio, sigma=step * ratio
    )


def by_douglas_rachford(f, g, L, x, ratio):
    norms = [1.02 * float(odl.power_method_opnorm(Li, maxiter=60)) for Li in L]
    # tau Σ sigma_i ‖L_i‖² < 4
    sigma = [3.9 / len(L) * ratio / norm for norm in norms]
    tau = len(L) / (ratio * sum(norms))
    odl.solvers.douglas_rachford_pd(x, f, g, L, 300, tau=tau, sigma=sigma)


def by_linearised_admm(f, g, L, x, ratio):
    everything = odl.BroadcastOperator(*L)
    norm = 1.02 * float(odl.power_method_opnorm(everything, maxiter=60))
    sigma = norm / ratio
    odl.solvers.admm_linearized(
        x, f, odl.functionals.SeparableSum(*g), everything, 0.99 * sigma / norm**2, sigma, 600
    )


def by_forward_backward(f, g, L, x, ratio):
    """The data term enters by its gradient only, which background makes Lipschitz."""
    h = g[0] * L[0]
    norms = [1.02 * float(odl.power_method_opnorm(Li, maxiter=60)) for Li in L]
    tau = 1.0 / (g[0].grad_lipschitz * norms[0] ** 2)
    sigma = [0.1 / (tau * norm**2) for norm in norms[1:]]
    odl.solvers.forward_backward_pd(x, f, g[1:], L[1:], h, tau, sigma, 1500)


SOLVERS = {
    "pdhg": by_odl_pdhg,
    "douglas_rachford": by_douglas_rachford,
    "admm": by_linearised_admm,
    "forward_backward": by_forward_backward,
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    ("data_term", "regulariser", "channels"),
    [("least_squares", "tv", None), ("kullback_leibler", "tgv2", None)],
)
def test_any_solver_of_odl_takes_the_pieces(solver, data_term, regulariser, channels):
    if solver == "forward_backward" and data_term == "kullback_leibler":
        pytest.skip("the gradient of counts over a low background is steep: steps are too short for a test")
    problem = small_problem(data_term, regulariser, channels, box=True)
    f, g, L = odl_problem(problem, whitened=True)
    x = element(f.domain, np.full(problem.shape, 1.0, np.float32), _zeros(problem.auxiliary_shape))
    SOLVERS[solver](f, g, L, x, 1.0)
    volume = as_array(x if problem.auxiliary_shape is None else x[0])
    auxiliary = None if problem.auxiliary_shape is None else as_array(x[1]).reshape(problem.auxiliary_shape)
    assert f(x) == 0
    least = fused(data_term, regulariser, channels, True).objective
    assert problem.objective(volume, auxiliary=auxiliary) == pytest.approx(least, rel=1e-3)


def _zeros(shape):
    return None if shape is None else np.zeros(shape, np.float32)


@pytest.mark.parametrize("regulariser", REGULARISERS)
@pytest.mark.parametrize(("data_term", "channels"), [("least_squares", 2), ("kullback_leibler", None)])
def test_each_engine_resumes_from_the_other(data_term, regulariser, channels):
    problem = small_problem(data_term, regulariser, channels, True)
    cold = fused(data_term, regulariser, channels, True)
    resumed = solve_odl(problem, gap=2e-4, max_iterations=500, start=_copy(cold.state))
    assert resumed.status is Status.CONVERGED
    assert resumed.iterations <= 50
    again = solve_pdhg(problem, gap=2e-4, max_iterations=500, start=resumed.state)
    assert again.status is Status.CONVERGED
    assert again.iterations <= 60


def _copy(state):
    arrays = {name: None if a is None else a.copy() for name, a in vars(state).items()}
    return replace(state, **arrays)
