"""The history of a tilt series: what truly happened at each tilt."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .acquisition_errors import AcquisitionErrors
from .beam_damage import BeamDamage
from .contamination import Contamination
from .tilt_scheme import TiltScheme


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """What truly happened at each tilt, in the order of the scheme's angles; no solver sees it.

    Parameters
    ----------
    nominal_deg : ndarray of float64, shape (tilt,)
        Angles that were asked for, degrees.
    angles_deg : ndarray of float64, shape (tilt,)
        True angles, degrees, within ±90.
    shift_nm : ndarray of float64, shape (tilt, 2)
        Displacement (y, x) of each image, nm.
    rotation_deg : ndarray of float64, shape (tilt,)
        Rotation of each image about its middle, degrees, from +x towards +y; after the shift.
    current : ndarray of float64, shape (tilt,)
        Beam current relative to the nominal one.
    contraction : ndarray of float64, shape (tilt,)
        Linear scale of the specimen, mean of the exposure: 1 as it was, below 1 contracted about
        the volume's centre.
    mass_left : dict of str to ndarray of float64, shape (tilt,)
        Share of an element that is left, mean of the exposure; elements not named are whole.
    contamination_nm : ndarray of float64, shape (tilt,)
        Thickness of the carbon that was built up, mean of the exposure, nm.
    fluence_before_e_nm2, fluence_e_nm2 : ndarray of float64, shape (tilt,)
        True fluence seen in this series before the tilt, and during it, e nm⁻².
    row_offsets_nm : ndarray of float64, shape (tilt, y, 2), optional
        Displacement (y, x) of the beam during each row of the scan, nm; None when the scan is steady.

    Raises
    ------
    ValueError
        When an array has another shape, or a value that cannot be.
    """

    nominal_deg: np.ndarray
    angles_deg: np.ndarray
    shift_nm: np.ndarray
    rotation_deg: np.ndarray
    current: np.ndarray
    contraction: np.ndarray
    mass_left: dict[str, np.ndarray] = field(default_factory=dict)
    contamination_nm: np.ndarray
    fluence_before_e_nm2: np.ndarray
    fluence_e_nm2: np.ndarray
    row_offsets_nm: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = np.size(self.nominal_deg)
        for name in _PER_TILT:
            self._put(name, getattr(self, name), (count,))
        self._put("shift_nm", self.shift_nm, (count, 2))
        left = {name: _checked(f"mass_left[{name!r}]", a, (count,)) for name, a in self.mass_left.items()}
        object.__setattr__(self, "mass_left", left)
        if self.row_offsets_nm is not None:
            rows = np.shape(self.row_offsets_nm)[1:2]
            self._put("row_offsets_nm", self.row_offsets_nm, (count, *rows, 2))
        for name in ("current", "contraction"):
            if not (getattr(self, name) > 0).all():
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name).min()}")
        for name, share in left.items():
            if not ((share >= 0) & (share <= 1)).all():
                raise ValueError(
                    f"`mass_left[{name!r}]` must lie in [0, 1], got {share.min()} to {share.max()}"
                )

    def _put(self, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        object.__setattr__(self, name, _checked(name, array, shape))

    @property
    def count(self) -> int:
        """Number of tilts."""
        return len(self.nominal_deg)

    @property
    def nominal(self) -> bool:
        """Whether everything happened as it was asked for."""
        return (
            np.array_equal(self.angles_deg, self.nominal_deg)
            and not self.shift_nm.any()
            and not self.rotation_deg.any()
            and not self.contamination_nm.any()
            and bool((self.current == 1).all())
            and bool((self.contraction == 1).all())
            and all(bool((share == 1).all()) for share in self.mass_left.values())
            and self.row_offsets_nm is None
        )

    def left(self, element: str) -> np.ndarray:
        """Share of an element that is left at each tilt, float64 (tilt,)."""
        return self.mass_left.get(element, np.ones(self.count))


_PER_TILT = (
    "nominal_deg",
    "angles_deg",
    "rotation_deg",
    "current",
    "contraction",
    "contamination_nm",
    "fluence_before_e_nm2",
    "fluence_e_nm2",
)


def _checked(name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    array = np.array(array, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"`{name}` must have shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def draw_history(
    scheme: TiltScheme,
    *,
    fluence_e_nm2: np.ndarray | Sequence[float] | float,
    rows: int,
    errors: AcquisitionErrors | None = None,
    damage: BeamDamage | None = None,
    contamination: Contamination | None = None,
    rng: np.random.Generator | None = None,
) -> History:
    """Draw what happens during one series.

    Parameters
    ----------
    scheme : TiltScheme
        Angles and the order in which they are taken.
    fluence_e_nm2 : float or ndarray, shape (tilt,)
        Nominal fluence of each tilt, e nm⁻², in the order of the scheme's angles.
    rows : int
        Rows of an image, for the noise of the scan.
    errors : AcquisitionErrors, optional
    damage : BeamDamage, optional
    contamination : Contamination, optional
    rng : numpy.random.Generator, optional
        Needed when `errors` has a random part. Its children are spawned and used; the generator
        itself is left where it was, so that the noise drawn from it later stays the same.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        When fluences or rows do not fit, or a random error comes without `rng`.
    TypeError
        When `scheme` or `rng` is of the wrong kind.

    Notes
    -----
    Fluence adds up in the order of acquisition, with the true current. Contraction, mass and
    contamination of a tilt are their means over its exposure: exact for counts, which are
    proportional to the mass; for a contraction, an image at the mean scale stands for the mean of
    images. The rotation of the axis turns images after they were displaced.

    Each kind of random error has a stream of its own (tilts, shifts, current, scan): switching one on
    leaves the others as they were, and twice the sigma of a normal error is twice the same error.

    Examples
    --------
    >>> history = draw_history(
    ...     TiltScheme(angles_deg=(-60, 0, 60), order="from_zero"), fluence_e_nm2=1e6, rows=64,
    ...     damage=BeamDamage(mass_loss={"N": 0.5}, mass_loss_fluence_e_nm2=1e6))
    >>> history.fluence_before_e_nm2
    array([2000000.,       0., 1000000.])
    >>> history.left("N").round(3)
    array([0.543, 0.816, 0.616])
    """
    if not isinstance(scheme, TiltScheme):
        raise TypeError(f"`scheme` must be a TiltScheme, got {type(scheme).__name__}")
    if int(rows) != rows or rows < 1:
        raise ValueError(f"`rows` must be a whole number of at least 1, got {rows}")
    errors = AcquisitionErrors() if errors is None else errors
    count, nominal = scheme.count, np.array(scheme.angles_deg)
    tilt, shift, current, row_offsets = _drawn(errors, count, int(rows), rng)
    current *= 1 + errors.current_drift * _progress(scheme)
    fluence = _fluences(fluence_e_nm2, count) * current
    before = fluence_before(scheme, fluence)
    damage = BeamDamage() if damage is None else damage
    contamination = Contamination() if contamination is None else contamination
    return History(
        nominal_deg=nominal,
        angles_deg=np.clip(nominal + errors.tilt_offset_deg + tilt, -90, 90),
        shift_nm=shift + np.array([errors.axis_offset_nm, 0.0]),
        rotation_deg=np.full(count, errors.axis_angle_deg),
        current=current,
        contraction=damage.scale(before, fluence),
        mass_left={element: damage.mass_left(element, before, fluence) for element in damage.mass_loss},
        contamination_nm=contamination.thickness_nm(before, fluence),
        fluence_before_e_nm2=before,
        fluence_e_nm2=fluence,
        row_offsets_nm=row_offsets,
    )


def fluence_before(scheme: TiltScheme, fluence_e_nm2: np.ndarray) -> np.ndarray:
    """Fluence that the specimen saw before each tilt, e nm⁻², in the order of the scheme's angles.

    Examples
    --------
    >>> fluence_before(TiltScheme(angles_deg=(-60, 0, 60), order="decreasing"), np.array([1., 2., 4.]))
    array([6., 4., 0.])
    """
    order = np.array(scheme.acquisition_order)
    before = np.empty(scheme.count)
    before[order] = np.concatenate([[0.0], np.cumsum(np.asarray(fluence_e_nm2, np.float64)[order])[:-1]])
    return before


def _fluences(fluence_e_nm2, count: int) -> np.ndarray:
    fluence = np.asarray(fluence_e_nm2, dtype=np.float64)
    if fluence.shape not in ((), (count,)):
        raise ValueError(f"`fluence_e_nm2` must be one number or {count}, one per tilt, got {fluence.shape}")
    if not ((fluence >= 0) & np.isfinite(fluence)).all():
        raise ValueError(f"`fluence_e_nm2` must be finite and not negative, got {fluence.min()}")
    return np.broadcast_to(fluence, (count,))


def _progress(scheme: TiltScheme) -> np.ndarray:
    """Position of each tilt in the order of acquisition, 0 for the first to 1 for the last."""
    progress = np.empty(scheme.count)
    progress[list(scheme.acquisition_order)] = np.arange(scheme.count) / max(scheme.count - 1, 1)
    return progress


def _drawn(
    errors: AcquisitionErrors, count: int, rows: int, rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Random tilts (degrees), shifts (nm), currents (relative) and row offsets (nm)."""
    if not errors.random:
        return np.zeros(count), np.zeros((count, 2)), np.ones(count), None
    if rng is None:
        raise ValueError("`rng` is needed: random errors are on; give numpy.random.default_rng(seed)")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` must be a numpy.random.Generator (numpy.random.default_rng(seed)), got {rng!r}"
        )
    # One stream each, in this order for good: a new kind of error goes to the end.
    tilts, shifts, currents, scans = rng.spawn(4)
    # Log-normal of mean 1 and relative deviation sigma.
    spread = np.sqrt(np.log1p(errors.current_sigma**2))
    current = np.exp(spread * currents.standard_normal(count) - spread**2 / 2)
    offsets = scans.normal(0, errors.scan_noise_nm, (count, rows, 2)) if errors.scan_noise_nm else None
    return (
        errors.tilt_sigma_deg * tilts.standard_normal(count),
        errors.shift_sigma_nm * shifts.standard_normal((count, 2)),
        current,
        offsets,
    )
