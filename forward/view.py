"""One recorded view: where the specimen stands at a tilt, and how its projection becomes pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .projector import Projector


@dataclass(frozen=True, kw_only=True)
class View:
    """The geometry and the blur of one projection.

    Parameters
    ----------
    shape : tuple of int
        Fine voxels (z, y, x) of the specimen.
    spacing_nm : float
        Edge of a fine voxel before the specimen contracts, nm.
    binning : int
        Fine voxels per recorded pixel, along y and x.
    angle_deg : float
        True tilt, degrees.
    shift_nm : tuple of float, optional
        Shift (y, x) of the image, nm.
    rotation_deg : float, optional
        Rotation of the image about its middle, degrees, from +x towards +y; after the shift.
    contraction : float, optional
        Linear size of the specimen relative to the start; densities rise by its inverse cube.
    row_offsets_nm : ndarray of float64, shape (recorded y, 2), optional
        Displacement (y, x) of each row of the scan, nm.
    fwhm_nm : float, optional
        Width of the probe in focus (full width at half maximum of a Gaussian), nm.
    half_angle_mrad : float, optional
        Convergence semi-angle of the cone that blurs what is out of focus, mrad; 0 for a parallel
        beam.
    focus_nm : float, optional
        Height of the focal plane over the centre of the volume, along the beam, nm.

    Notes
    -----
    A contracted specimen is the same array of voxels with a smaller edge. Bins along v come from the
    strip model of that edge, pixels along x from the overlap of intervals: both exact. Blur,
    rotation and scan noise act on images as fine as the voxels, before these are averaged to
    recorded pixels.
    """

    shape: tuple[int, int, int]
    spacing_nm: float
    binning: int
    angle_deg: float
    shift_nm: tuple[float, float] = (0.0, 0.0)
    rotation_deg: float = 0.0
    contraction: float = 1.0
    row_offsets_nm: np.ndarray | None = None
    fwhm_nm: float = 0.0
    half_angle_mrad: float = 0.0
    focus_nm: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether the image must be formed as fine as the voxels before it is binned."""
        sharp = self.fwhm_nm == 0 and self.half_angle_mrad == 0
        return not (sharp and self.rotation_deg == 0 and self.row_offsets_nm is None)

    @property
    def whole_rows(self) -> bool:
        """Whether recorded pixels are whole groups of voxels along x, so that x may be binned at once."""
        return not self.fine and self.shift_nm[1] == 0 and self.contraction == 1

    @property
    def voxel_nm(self) -> float:
        """Edge of a voxel of the specimen as it is now, nm."""
        return self.spacing_nm * self.contraction

    @property
    def secant(self) -> float:
        """Path through a flat film relative to its thickness."""
        return float(1 / np.cos(np.deg2rad(self.angle_deg)))

    def project(self, volume: np.ndarray) -> np.ndarray:
        """Project densities onto the recorded pixels.

        Parameters
        ----------
        volume : ndarray of float32, shape (z, y, x), or (z, y, x / binning) with `whole_rows`
            Number densities of the uncontracted specimen, nm⁻³, weighted as wanted.

        Returns
        -------
        ndarray of float64, shape (recorded y, recorded x)
            Mean areal density over each recorded pixel, nm⁻².
        """
        image = self._image(volume)
        image = image.astype(np.float64) / self.contraction**3
        if volume.shape[2] == self.shape[2]:
            image = image @ self._along_x
        if not self.fine:
            return image
        from .scan_distortion import jitter_rows, rotate_images

        if self.rotation_deg:
            image = rotate_images(image[None], [self.rotation_deg], self.spacing_nm)[0]
        if self.row_offsets_nm is not None:
            rows = np.repeat(self.row_offsets_nm, self.binning, axis=0)
            image = jitter_rows(image[None], rows[None], self.spacing_nm)[0]
        ny, nx = image.shape
        return image.reshape(ny // self.binning, self.binning, nx // self.binning, self.binning).mean((1, 3))

    def _image(self, volume: np.ndarray) -> np.ndarray:
        """Project onto bins along v: fine ones before blur, recorded ones otherwise."""
        if self.fwhm_nm == 0 and self.half_angle_mrad == 0:
            return self._projector.forward(volume)[0]
        from .defocus import defocused_projection

        return defocused_projection(
            volume,
            angle_deg=self.angle_deg,
            spacing_nm=self.voxel_nm,
            bins=self.shape[1],
            bin_nm=self.spacing_nm,
            offset_nm=self.shift_nm[0],
            half_angle_mrad=self.half_angle_mrad,
            focus_nm=self.focus_nm,
            fwhm_nm=self.fwhm_nm,
        )

    @cached_property
    def _projector(self) -> Projector:
        width = 1 if self.fine else self.binning
        return Projector(
            shape=self.shape[:2],
            angles_deg=[self.angle_deg],
            spacing_nm=self.voxel_nm,
            bins=self.shape[1] // width,
            bin_nm=self.spacing_nm * width,
            offsets_nm=[self.shift_nm[0]],
        )

    @cached_property
    def _along_x(self) -> np.ndarray:
        """Share of each recorded (or fine) pixel along x that each voxel covers, (voxel, pixel)."""
        width = self.spacing_nm * (1 if self.fine else self.binning)
        count = self.shape[2] // (1 if self.fine else self.binning)
        edges = (np.arange(self.shape[2] + 1) - self.shape[2] / 2) * self.voxel_nm + self.shift_nm[1]
        pixels = (np.arange(count + 1) - count / 2) * width
        low = np.maximum(edges[:-1, None], pixels[None, :-1])
        high = np.minimum(edges[1:, None], pixels[None, 1:])
        return np.maximum(high - low, 0.0) / width
