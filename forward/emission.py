"""What reaches the detectors: weighted atoms along the lines of sight, times gain, absorption and dose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..phantoms.materials import MATERIALS
from .acquisition import Acquisition
from .acquisition_history import history_of
from .areal_density import areal_density, checked_binning, film_areal_density, mixture
from .escape import Escape, spread
from .history import History
from .view import View

if TYPE_CHECKING:
    from ..phantoms import Phantom


@dataclass(frozen=True, kw_only=True)
class Emitter:
    """A kind of photon or scattered electron, and what sends it out.

    Parameters
    ----------
    weights : dict
        Cross-section of each element, nm²; 1.0 to get areal densities.
    energy_kev : float, optional
        Photon energy, keV: decides the gain of the EDS detector and the absorption. None: neither
        (scattered electrons).
    """

    weights: Mapping[str, float]
    energy_kev: float | None = None


@dataclass(frozen=True, kw_only=True)
class Mixtures:
    """The distinct mixtures of elements among some emitters: lines of one element share theirs.

    Parameters
    ----------
    weights : list of dict
        Each mixture's weights relative to their largest.
    which : ndarray of int, shape (emitter,)
        The mixture of each emitter.
    scales : ndarray of float64, shape (emitter,)
        Largest weight of each emitter, nm².
    """

    weights: list[dict[str, float]]
    which: np.ndarray
    scales: np.ndarray

    @classmethod
    def of(cls, emitters: Sequence[Emitter]) -> "Mixtures":
        """Group the weights of emitters."""
        distinct: dict[tuple, int] = {}
        which, scales = [], []
        for emitter in emitters:
            top = max(emitter.weights.values(), default=0.0)
            shape = tuple((element, w / top) for element, w in emitter.weights.items() if w)
            which.append(distinct.setdefault(shape, len(distinct)))
            scales.append(top)
        return cls(
            weights=[dict(shape) for shape in distinct], which=np.array(which), scales=np.array(scales)
        )


def emission_images(
    phantom: "Phantom",
    acquisition: Acquisition,
    *,
    emitters: Sequence[Emitter],
    history: History | None = None,
) -> np.ndarray:
    """Expected photons (or scattering events) per recorded pixel.

    Parameters
    ----------
    phantom : Phantom
        The truth on the fine grid; left untouched.
    acquisition : Acquisition
        How it is recorded.
    emitters : sequence of Emitter
        What is recorded of it, one image each.
    history : History, optional
        What truly happens at each tilt; drawn from the acquisition when omitted, which then must
        not have random errors.

    Returns
    -------
    ndarray of float64, shape (emitter, tilt, y, x) or, for separate segments, (emitter, segment, tilt, y, x)
        Electrons × relative gain × Σ weights × absorbed areal density.
    """
    history = history_of(phantom, acquisition, given=history)
    images = scattering_images(phantom, acquisition, emitters=emitters, history=history)
    electrons = acquisition.electrons * history.current
    images *= electrons[:, None, None]
    return images


def scattering_images(
    phantom: "Phantom", acquisition: Acquisition, *, emitters: Sequence[Emitter], history: History
) -> np.ndarray:
    """Photons (or events) per beam electron; parameters and shape as for `emission_images`.

    Raises
    ------
    ValueError
        When emitters with and without energy are to be kept apart by segments.

    Notes
    -----
    For each line of sight ∫ Σ_e w_e n_e g T ds, with T the transmission from each voxel to each
    segment, averaged over the segments with their gains as weights. T is found on voxels as large as
    the recorded pixels, for the phantom as it is at that tilt. The support film adds w n t / cos α
    to each image after the scan's distortions, and what it emits is not absorbed; so does the carbon
    that the beam builds up.
    """
    if acquisition.in_plane_deg:
        from .dual_axis import rotate_in_plane

        phantom = rotate_in_plane(phantom, acquisition.in_plane_deg)
    checked_binning(phantom, acquisition.binning)
    energies = [emitter.energy_kev for emitter in emitters]
    separate = acquisition.segments == "separate" and any(energy is not None for energy in energies)
    if separate and None in energies:
        raise ValueError("`emitters` without energy reach no segment; image them on their own")
    mixtures = Mixtures.of(emitters)
    gains = np.stack([_gains(acquisition, energy, history) for energy in energies])
    if history.nominal and _sharp(acquisition) and acquisition.absorption is None:
        areal = areal_density(
            phantom,
            angles_deg=history.angles_deg,
            weights=mixtures.weights,
            binning=acquisition.binning,
        )
        factors = mixtures.scales[:, None, None] * (gains if separate else gains.sum(axis=1, keepdims=True))
        images = areal[mixtures.which][:, None] * factors[..., None, None]
    else:
        images = _by_tilt(phantom, acquisition, energies, mixtures, gains, history)
    return images if separate else images[:, 0]


def views_of(phantom: "Phantom", acquisition: Acquisition, history: History) -> list[View]:
    """Return the view of every tilt."""
    probe = acquisition.probe
    blur = {}
    if probe is not None and not _sharp(acquisition):
        cone = acquisition.microscope.convergence_mrad if probe.depth_of_field else 0.0
        blur = {"fwhm_nm": probe.fwhm_nm, "half_angle_mrad": cone, "focus_nm": probe.focus_nm}
    offsets = history.row_offsets_nm
    return [
        View(
            shape=phantom.grid.shape,
            spacing_nm=phantom.grid.spacing_nm,
            binning=acquisition.binning,
            angle_deg=float(history.angles_deg[tilt]),
            shift_nm=(float(history.shift_nm[tilt, 0]), float(history.shift_nm[tilt, 1])),
            rotation_deg=float(history.rotation_deg[tilt]),
            contraction=float(history.contraction[tilt]),
            row_offsets_nm=None if offsets is None else offsets[tilt],
            **blur,
        )
        for tilt in range(acquisition.scheme.count)
    ]


def _sharp(acquisition: Acquisition) -> bool:
    probe = acquisition.probe
    return probe is None or (probe.fwhm_nm == 0 and not probe.depth_of_field)


def _gains(acquisition: Acquisition, energy_kev: float | None, history: History) -> np.ndarray:
    """Gains relative to 0°, which add up to that of the whole detector; float64 (segment, tilt)."""
    if energy_kev is None:
        # Scattered electrons miss the EDS detector: all of them are counted once.
        gains = np.zeros((len(acquisition.microscope.eds.segments), acquisition.scheme.count))
        gains[0] = 1.0
        return gains
    return acquisition.relative_gain(history.angles_deg, energy_kev, separate=True)


def _by_tilt(
    phantom: "Phantom",
    acquisition: Acquisition,
    energies_kev: list[float | None],
    mixtures: Mixtures,
    gains: np.ndarray,
    history: History,
) -> np.ndarray:
    """Image each tilt on its own: (emitter, segment or 1, tilt, y, x)."""
    views = views_of(phantom, acquisition, history)
    segments = range(gains.shape[1])
    groups = [list(segments)] if acquisition.segments == "sum" else [[segment] for segment in segments]
    ny, nx = (length // acquisition.binning for length in phantom.grid.shape[1:])
    images = np.empty((len(energies_kev), len(groups), len(views), ny, nx))
    escape = None if acquisition.absorption is None else Escape(phantom, acquisition, history)
    volumes: list[np.ndarray | None] = []
    for tilt, view in enumerate(views):
        if not volumes or history.mass_left:
            binning = acquisition.binning if all(each.whole_rows for each in views) else 1
            volumes = [mixture(phantom, _left(w, history, tilt), binning) for w in mixtures.weights]
        films = [_film(phantom, w, history, tilt) * view.secant for w in mixtures.weights]
        free = {}
        for index, (energy, which) in enumerate(zip(energies_kev, mixtures.which, strict=True)):
            volume = volumes[which]
            for slot, group in enumerate(groups):
                shares = np.zeros(gains.shape[1])
                shares[group] = gains[index, group, tilt]
                if volume is None:
                    image = 0.0
                elif escape is None or energy is None:
                    if which not in free:
                        free[which] = view.project(volume)
                    image = shares.sum() * free[which]
                else:
                    image = view.project(spread(volume, escape.transmission(energy, view, tilt, shares)))
                images[index, slot, tilt] = mixtures.scales[index] * (image + shares.sum() * films[which])
    return images


def _left(weights: Mapping[str, float], history: History, tilt: int) -> dict[str, float]:
    """Weights of the elements times what the beam has left of them."""
    left = history.mass_left
    return {
        element: weight * (float(left[element][tilt]) if element in left else 1.0)
        for element, weight in weights.items()
    }


def _film(phantom: "Phantom", weights: Mapping[str, float], history: History, tilt: int) -> float:
    """Weighted areal density of support film and contamination along their normal, nm⁻²."""
    carbon = MATERIALS["carbon"].number_density("C") * float(history.contamination_nm[tilt])
    return film_areal_density(phantom, weights) + weights.get("C", 0.0) * carbon
