"""What reaches the detectors: weighted atoms along the lines of sight, times gain, absorption and dose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..phantoms.materials import MATERIALS
from .absorption import mean_transmission
from .acquisition import Acquisition
from .areal_density import areal_density, checked_binning, film_areal_density, mixture
from .attenuation import linear_attenuation_per_nm
from .history import History, draw_history
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


def history_of(
    phantom: "Phantom", acquisition: Acquisition, *, rng: np.random.Generator | None = None
) -> History:
    """Draw what truly happens at each tilt of an acquisition of a phantom.

    Parameters
    ----------
    phantom : Phantom
        The specimen; only its grid matters.
    acquisition : Acquisition
    rng : numpy.random.Generator, optional
        Source of the errors; needed when `acquisition.errors` has a random part. It spawns children
        and is left where it was, so that counts drawn from it afterwards do not depend on the errors.
    """
    pixel_nm = phantom.grid.spacing_nm * acquisition.binning
    return draw_history(
        acquisition.scheme,
        fluence_e_nm2=acquisition.fluence_e_nm2(pixel_nm),
        rows=phantom.grid.shape[1 if acquisition.in_plane_deg == 0 else 2] // acquisition.binning,
        errors=acquisition.errors,
        damage=acquisition.damage,
        contamination=acquisition.contamination,
        rng=rng,
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
    history = history_of(phantom, acquisition) if history is None else history
    images = scattering_images(phantom, acquisition, emitters=emitters, history=history)
    electrons = acquisition.electrons * history.current
    images *= electrons[:, None, None]
    return images


def scattering_images(
    phantom: "Phantom", acquisition: Acquisition, *, emitters: Sequence[Emitter], history: History
) -> np.ndarray:
    """Photons (or events) per beam electron; parameters and shape as for `emission_images`.

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
    separate = acquisition.segments == "separate" and any(e.energy_kev is not None for e in emitters)
    gains = [_gains(acquisition, emitter, history) for emitter in emitters]
    if history.nominal and _sharp(acquisition) and acquisition.absorption is None:
        areal = areal_density(
            phantom,
            angles_deg=history.angles_deg,
            weights=[emitter.weights for emitter in emitters],
            binning=acquisition.binning,
        )
        images = areal[:, None] * np.stack(gains)[..., None, None]
    else:
        images = _by_tilt(phantom, acquisition, emitters, gains, history)
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


def _gains(acquisition: Acquisition, emitter: Emitter, history: History) -> np.ndarray:
    """Gain relative to 0°, shape (segment, tilt), or (1, tilt) for the sum and for electrons."""
    if emitter.energy_kev is None:
        return np.ones((1, acquisition.scheme.count))
    gains = acquisition.microscope.eds.relative_gain(
        history.angles_deg,
        holder=acquisition.holder,
        support_grid=acquisition.turned_grid,
        energy_kev=emitter.energy_kev,
        separate=True,
    )
    # Without absorption the segments of a sum need no images of their own.
    summed = acquisition.segments == "sum" and acquisition.absorption is None
    return gains.sum(axis=0, keepdims=True) if summed else gains


def _by_tilt(
    phantom: "Phantom",
    acquisition: Acquisition,
    emitters: Sequence[Emitter],
    gains: list[np.ndarray],
    history: History,
) -> np.ndarray:
    """Image each tilt on its own: (emitter, segment or 1, tilt, y, x)."""
    views = views_of(phantom, acquisition, history)
    binning = acquisition.binning
    joined = acquisition.segments == "sum"
    count = 1 if joined else max(len(gain) for gain in gains)
    ny, nx = (length // binning for length in phantom.grid.shape[1:])
    images = np.empty((len(emitters), count, len(views), ny, nx))
    matter = None if acquisition.absorption is None else _Matter(phantom, acquisition, history)
    for tilt, view in enumerate(views):
        volumes: dict[tuple, np.ndarray | None] = {}
        for index, emitter in enumerate(emitters):
            weights = _left(emitter.weights, history, tilt)
            key = tuple(weights.items())
            if key not in volumes:
                volumes[key] = mixture(phantom, weights, binning if view.whole_rows else 1)
            film = _film(phantom, emitter.weights, history, tilt) * view.secant
            for segment in range(count):
                share = gains[index][:, tilt] if joined else gains[index][segment : segment + 1, tilt]
                image = _image(view, volumes[key], emitter, share, segment, matter, tilt, joined)
                images[index, segment, tilt] = image + film * share.sum()
    return images


def _image(
    view: View,
    volume: np.ndarray | None,
    emitter: Emitter,
    share: np.ndarray,
    segment: int,
    matter: "_Matter | None",
    tilt: int,
    joined: bool,
) -> np.ndarray | float:
    """Project what one emitter sends to the segments that `share` holds."""
    if volume is None:
        return 0.0
    if matter is None or emitter.energy_kev is None:
        return view.project(volume) * share.sum()
    shares = np.zeros(matter.segments)
    shares[slice(None) if joined else slice(segment, segment + 1)] = share
    return view.project(spread(volume, matter.transmission(emitter.energy_kev, view, tilt, shares)))


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


class _Matter:
    """What X-rays cross on their way out: number densities on voxels as large as the pixels."""

    def __init__(self, phantom: "Phantom", acquisition: Acquisition, history: History) -> None:
        self._history = history
        self._detector = acquisition.microscope.eds
        self._rays = 1 if acquisition.absorption is None else acquisition.absorption.rays
        self._film = {} if phantom.film is None else phantom.film.number_densities()
        self._film_nm = 0.0 if phantom.film is None else phantom.film.thickness_nm
        factor = acquisition.binning
        if phantom.grid.shape[0] % factor:
            raise ValueError(
                f"`binning` of {factor} must divide nz = {phantom.grid.shape[0]} too when X-rays are absorbed"
            )
        self._spacing_nm = phantom.grid.spacing_nm * factor
        self._density = {
            element: block_mean(phantom.density(element), factor) for element in phantom.elements
        }

    @property
    def segments(self) -> int:
        return len(self._detector.segments)

    def transmission(self, energy_kev: float, view: View, tilt: int, shares: np.ndarray) -> np.ndarray:
        """Σ_q shares[q] T_q, float32 (z, y, x)."""
        left = _left(dict.fromkeys(self._density, 1.0), self._history, tilt)
        per_nm = None
        for element, density in self._density.items():
            weight = linear_attenuation_per_nm({element: left[element]}, energy_kev) / view.contraction**3
            term = density * np.float32(weight)
            per_nm = term if per_nm is None else np.add(per_nm, term, out=per_nm)
        film_per_nm = linear_attenuation_per_nm(self._film, energy_kev) if self._film else 0.0
        return mean_transmission(
            per_nm,
            tilt_deg=view.angle_deg,
            detector=self._detector,
            shares=shares,
            spacing_nm=self._spacing_nm * view.contraction,
            rays=self._rays,
            film_per_nm=film_per_nm,
            film_nm=self._film_nm,
        )


def block_mean(volume: np.ndarray, factor: int) -> np.ndarray:
    """Mean over cubes of `factor` voxels, float32."""
    nz, ny, nx = (length // factor for length in volume.shape)
    blocks = volume.reshape(nz, factor, ny, factor, nx, factor)
    return blocks.mean(axis=(1, 3, 5), dtype=np.float64).astype(np.float32)


def spread(volume: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Multiply a volume by a coarser one that covers the same box; each axis a whole multiple."""
    split: list[int] = []
    for fine, few in zip(volume.shape, coarse.shape, strict=True):
        split += [few, fine // few]
    a, _, b, _, c, _ = split
    return (volume.reshape(split) * coarse.reshape(a, 1, b, 1, c, 1)).reshape(volume.shape)
