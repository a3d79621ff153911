"""Our own functionals with one mistake each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ....phantoms.table import Table
from ..functional import Functional
from ..own_functionals import OWN_FUNCTIONALS
from .mutant import Mutant

Change = Callable[[Functional], Functional]


def _of(name: str, change: Change) -> Callable[[], Functional]:
    """Return a function that makes one of our own functionals and changes it."""
    return lambda: change(OWN_FUNCTIONALS[name]())


def _parameter(f: Functional, name: str) -> np.ndarray:
    return np.asarray((f.parameters or {})[name], np.float64)


def _step_forgotten(f: Functional) -> Functional:
    """Shrink by λ, whatever the step."""
    return replace(f, prox=lambda x, step: f.proximal(x, 1.0))


def _step_squared(f: Functional) -> Functional:
    return replace(f, prox=lambda x, step: f.proximal(x, step**2))


def _componentwise(f: Functional) -> Functional:
    """Shrink each component by itself, as for the anisotropic norm."""
    lam = float(_parameter(f, "lam"))
    return replace(f, prox=lambda x, step: np.sign(x) * np.maximum(np.abs(x) - step * lam, 0.0))


def _one_sided(f: Functional) -> Functional:
    """Cut negatives off after shrinking, in a place where they have a meaning."""
    return replace(f, prox=lambda x, step: np.maximum(f.proximal(x, step), 0.0))


def _inverse_step(f: Functional) -> Functional:
    """Take σ for 1/σ in the conjugate's proximal step."""
    return replace(f, conjugate_prox=lambda p, step: f.dual().proximal(p, 1.0 / step))


def _half_forgotten(f: Functional) -> Functional:
    """q²/w in place of q²/2w."""
    weights = _parameter(f, "weights")

    def conjugate(q: np.ndarray) -> float:
        return f.dual().evaluate(q) + float(np.sum(q.astype(np.float64) ** 2 / (2.0 * weights)))

    return replace(f, conjugate=conjugate)


def _background_forgotten(f: Functional) -> Functional:
    """Leave −q r out of the conjugate."""
    background = _parameter(f, "background")
    return replace(f, conjugate=lambda q: f.dual().evaluate(q) + float(np.sum(q * background)))


def _mean_doubled(f: Functional) -> Functional:
    """Compare the counts with twice the expected mean, in the gradient only."""
    background = _parameter(f, "background")

    def gradient(x: np.ndarray) -> np.ndarray:
        return f.slope(2.0 * x + background)

    return replace(f, gradient=gradient)


def _mean_doubled_everywhere(f: Functional) -> Functional:
    background = _parameter(f, "background")
    return replace(f, value=lambda x: f.evaluate(2.0 * x + background))


def _misfit_slope(f: Functional) -> Functional:
    """The gradient of χ², which is twice that of ½ χ²."""
    return replace(f, gradient=lambda x: 2.0 * f.slope(x))


def _clipped_expectation(f: Functional) -> Functional:
    """A finite divergence where fewer than no counts are expected."""
    background = _parameter(f, "background")
    return replace(f, value=lambda x: f.evaluate(np.maximum(x + background, 1e-3) - background))


def _zero_times_log(f: Functional) -> Functional:
    """``b log b`` without the case of no counts."""
    data = _parameter(f, "data")

    def value(x: np.ndarray) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return f.evaluate(x) + 0.0 * float(np.sum(data * np.log(data)))

    return replace(f, value=value)


def _textbook_root(f: Functional) -> Functional:
    """The root of the quadratic with the wrong sign: the smaller one."""
    data, k, r = (_parameter(f, name) for name in ("data", "weights", "background"))

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        shifted = x + r - step * k
        return 0.5 * (shifted - np.sqrt(shifted**2 + 4.0 * step * k * data)) - r

    return replace(f, prox=prox)


def _unweighted(f: Functional) -> Functional:
    """The conjugate's proximal step for weights of one."""
    data, r = _parameter(f, "data"), _parameter(f, "background")
    return replace(f, conjugate_prox=lambda q, step: (q - step * (data - r)) / (1.0 + step))


def _lower_forgotten(f: Functional) -> Functional:
    upper = float(_parameter(f, "upper"))
    return replace(f, prox=lambda x, step: np.minimum(x, upper))


def _mirrored(f: Functional) -> Functional:
    """Take the absolute value where negatives should be cut off."""
    return replace(f, prox=lambda x, step: np.abs(x))


def _scaled_box(f: Functional) -> Functional:
    """Multiply the bounds by the step, as those of the conjugate are."""
    lower, upper = float(_parameter(f, "lower")), float(_parameter(f, "upper"))
    return replace(f, prox=lambda x, step: np.clip(x, step * lower, step * upper))


def _onto_the_sphere(f: Functional) -> Functional:
    """Bring what lies inside the balls out to their surface too."""
    radius = float(_parameter(f, "radius"))

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        lengths = np.sqrt((x**2).sum(axis=0))
        return x * np.divide(radius, lengths, out=np.ones_like(lengths), where=lengths > 0)

    return replace(f, prox=prox)


def _pulled_inside(f: Functional) -> Functional:
    """Shrink by radius / (1 + length), which never reaches the surface and moves what is inside."""
    radius = float(_parameter(f, "radius"))
    return replace(f, prox=lambda x, step: x * radius / (radius + np.sqrt((x**2).sum(axis=0))))


def _separate_channels(f: Functional) -> Functional:
    """One ball per channel, where channels share one."""
    radius = float(_parameter(f, "radius"))

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        lengths = np.sqrt((x**2).sum(axis=1, keepdims=True))
        return x * np.divide(radius, lengths, out=np.ones_like(lengths), where=lengths > radius)

    return replace(f, prox=prox)


def _squared(f: Functional) -> Functional:
    return replace(f, value=lambda x: f.evaluate(x) ** 2)


def _smoothed(f: Functional) -> Functional:
    """√(|∇x|² + ε²) at one voxel, for the sake of its gradient."""
    return replace(f, value=lambda x: float(np.hypot(f.evaluate(x), 0.5)))


def _concave(f: Functional) -> Functional:
    """log(1 + TV), a penalty that promotes sparsity but is not convex."""
    return replace(f, value=lambda x: float(np.log1p(f.evaluate(x))))


def _mixed_once(f: Functional) -> Functional:
    """The mixed second differences counted once, without their √2."""

    def value(volume: np.ndarray) -> float:
        from ....recon.regularisers.hessian import hessian

        bends = np.empty((6, *f.domain), np.float32)
        hessian(volume, bends)
        bends[3:] /= np.sqrt(2.0)
        return float(np.sqrt(np.square(bends, dtype=np.float64).sum(axis=0)).sum())

    return replace(f, value=value)


def _backward_only(f: Functional) -> Functional:
    """Absolute differences along one axis only where they rise."""

    def value(volume: np.ndarray) -> float:
        return f.evaluate(volume) + float(np.maximum(np.diff(volume, axis=1), 0.0).sum())

    return replace(f, value=value)


def _stopped_early(f: Functional) -> Functional:
    """Three iterations for what hundreds are stated for."""
    from ..own_variations import fista_prox

    return replace(f, prox=fista_prox("tv", iterations=3).prox)


def _warm(f: Functional) -> Functional:
    """Start from where the call before ended, and stop soon."""
    kept: list[np.ndarray] = []

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        right = f.proximal(x, step)
        result = 0.75 * right + 0.25 * (kept[-1] if kept else x)
        kept.append(right)
        return result

    return replace(f, prox=prox)


def _in_place(f: Functional) -> Functional:
    """Write the result into the argument."""

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        x[...] = f.proximal(x, step)
        return x

    return replace(f, prox=prox)


def _mutant(name: str, of: str, summary: str, breaks: tuple[str, ...], change: Change) -> Mutant:
    return Mutant(name=name, summary=summary, breaks=breaks, of=of, make=_of(of, change))


_MUTANTS = (
    _mutant(
        "norm_prox_without_step",
        "odl_group_norm",
        "The proximal step of a norm shrinks by λ, whatever the step.",
        ("prox_minimises", "steps_agree", "prox_scales", "moreau_identity", "closed_form_prox"),
        _step_forgotten,
    ),
    _mutant(
        "norm_prox_step_squared",
        "odl_group_norm",
        "The proximal step of a norm takes the square of the step.",
        ("prox_minimises", "longer_steps_go_further", "fenchel_young_equality"),
        _step_squared,
    ),
    _mutant(
        "norm_prox_by_component",
        "odl_group_norm",
        "Components of a vector are shrunk one by one, as for the anisotropic norm.",
        ("prox_minimises", "moreau_identity"),
        _componentwise,
    ),
    _mutant(
        "norm_prox_cut_at_zero",
        "odl_group_norm",
        "Negatives are cut off after shrinking, where only densities should be.",
        ("prox_is_odd", "prox_minimises", "moreau_identity"),
        _one_sided,
    ),
    _mutant(
        "conjugate_prox_of_inverse_step",
        "odl_least_squares",
        "The conjugate's proximal step takes σ for 1/σ.",
        ("moreau_identity", "conjugate_prox_minimises", "conjugate_steps_agree"),
        _inverse_step,
    ),
    _mutant(
        "conjugate_prox_unweighted",
        "least_squares",
        "The fused dual step ignores the weights of the pixels.",
        ("conjugate_prox_minimises", "closed_form_conjugate_prox", "conjugate_fenchel_young_equality"),
        _unweighted,
    ),
    _mutant(
        "conjugate_without_half",
        "least_squares",
        "The conjugate of least squares is q²/w instead of q²/2w.",
        ("conjugate_fenchel_young_equality", "conjugate_prox_minimises", "closed_form_conjugate"),
        _half_forgotten,
    ),
    _mutant(
        "conjugate_without_background",
        "odl_kullback_leibler",
        "The conjugate of the divergence leaves the background out.",
        ("fenchel_young", "fenchel_young_equality", "closed_form_conjugate"),
        _background_forgotten,
    ),
    _mutant(
        "poisson_gradient_of_doubled_mean",
        "kullback_leibler",
        "The gradient compares the counts with twice the expected mean.",
        ("gradient_supports",),
        _mean_doubled,
    ),
    _mutant(
        "poisson_value_of_doubled_mean",
        "odl_kullback_leibler",
        "The divergence compares the counts with twice the expected mean.",
        ("prox_minimises", "fenchel_young_equality", "closed_form_value"),
        _mean_doubled_everywhere,
    ),
    _mutant(
        "poisson_finite_below_zero",
        "kullback_leibler",
        "The divergence takes a negative mean for a small positive one.",
        ("convexity", "closed_form_value"),
        _clipped_expectation,
    ),
    _mutant(
        "poisson_zero_log_zero",
        "kullback_leibler_masked",
        "0 log 0 of a pixel without counts is not a number.",
        ("proper_value",),
        _zero_times_log,
    ),
    _mutant(
        "poisson_prox_smaller_root",
        "odl_kullback_leibler",
        "The proximal step of the divergence takes the smaller root, below zero.",
        ("prox_minimises", "moreau_identity", "closed_form_prox"),
        _textbook_root,
    ),
    _mutant(
        "least_squares_gradient_of_misfit",
        "odl_least_squares",
        "The gradient is that of χ², twice that of the data term.",
        ("gradient_supports", "gradient_at_prox"),
        _misfit_slope,
    ),
    _mutant(
        "box_without_lower_bound",
        "odl_box",
        "The projection onto a box forgets its lower bound.",
        ("projection_lies_inside", "prox_minimises", "closed_form_prox"),
        _lower_forgotten,
    ),
    _mutant(
        "half_line_by_absolute_value",
        "odl_half_line",
        "Negatives are mirrored where they should be cut off.",
        ("firm_nonexpansiveness", "prox_minimises", "steps_agree"),
        _mirrored,
    ),
    _mutant(
        "box_scaled_by_step",
        "odl_box",
        "The bounds of a projection are multiplied by the step.",
        ("projection_ignores_the_step", "steps_agree", "moreau_identity"),
        _scaled_box,
    ),
    _mutant(
        "balls_onto_their_surface",
        "tv_balls",
        "Dual vectors inside their balls are stretched to the surface.",
        ("firm_nonexpansiveness",),
        _onto_the_sphere,
    ),
    _mutant(
        "balls_never_reached",
        "tv2_balls",
        "Dual vectors are shrunk by r / (r + length), also those inside.",
        ("projection_is_idempotent", "steps_agree", "closed_form_prox"),
        _pulled_inside,
    ),
    _mutant(
        "balls_of_single_channels",
        "joint_tv_balls",
        "Each channel has a ball of its own where they should share one.",
        ("closed_form_prox",),
        _separate_channels,
    ),
    _mutant(
        "tv_squared",
        "tv",
        "The sum of the lengths is squared.",
        ("homogeneity", "closed_form_value"),
        _squared,
    ),
    _mutant(
        "tv_smoothed",
        "tv",
        "The total variation is rounded off near zero for the sake of a gradient.",
        ("homogeneity", "closed_form_value"),
        _smoothed,
    ),
    _mutant(
        "tv_concave",
        "tv_of_channels",
        "The logarithm of the total variation: sparser edges, but not convex.",
        ("convexity", "homogeneity"),
        _concave,
    ),
    _mutant(
        "tv2_without_root_two",
        "tv2",
        "The mixed second differences are counted once, without their √2.",
        ("closed_form_value",),
        _mixed_once,
    ),
    _mutant(
        "tv_of_rises",
        "tv",
        "Rises along y cost more than falls.",
        ("evenness", "closed_form_value"),
        _backward_only,
    ),
    _mutant(
        "prox_stopped_early",
        "fista_tv_prox",
        "The proximal point is taken after three iterations, and said to be exact to a thousandth.",
        ("prox_minimises",),
        _stopped_early,
    ),
    _mutant(
        "prox_warm_started",
        "odl_group_norm",
        "The proximal point depends on the call before.",
        ("determinism",),
        _warm,
    ),
    _mutant(
        "prox_in_place",
        "odl_box",
        "The proximal step overwrites its argument.",
        ("input_unchanged",),
        _in_place,
    ),
)

FUNCTIONAL_MUTANTS: Table[Mutant] = Table(
    "mutant of functionals", {mutant.name: mutant for mutant in _MUTANTS}
)
