"""Small phantoms and spectra that the tests of spectrum images share."""

import numpy as np
from glasstomo.forward import TiltScheme
from glasstomo.forward.acquisition import Acquisition
from glasstomo.forward.spectra.eds_response import EDSResponse
from glasstomo.forward.spectra.system_peaks import SystemPeaks
from glasstomo.phantoms import Phantom, SupportFilm

from .small_phantoms import phantom_of

# Up to 12 keV in 1200 channels: all K lines of Co, Cu and Zn, at half the work of the default.
RESPONSE = EDSResponse(channels=1200)
COPPER = SystemPeaks()
ZERO = TiltScheme(angles_deg=(0.0,))
LINES = ("Co_Ka", "Zn_Ka")


def slab(pixels: int, *, counts: float = 500.0, film: SupportFilm | None = None) -> Phantom:
    """Uniform slab of which every pixel of an osiris at 1 nA and 0.2 s gives `counts` Co and Zn Kα."""
    electrons = 1.0e-9 * 0.2 / 1.602176634e-19
    nz, spacing_nm = 4, 20.0
    shape = (nz, 2 * pixels, 2 * pixels)
    path_nm = nz * spacing_nm
    metals = {"Co": 3.38, "Zn": 2.48}
    densities = {
        element: np.full(shape, counts / (electrons * barn * 1e-10 * path_nm))
        for element, barn in metals.items()
    }
    scale = counts / 500
    for element, areal in {"C": 7000.0, "N": 4500.0, "H": 7000.0}.items():
        densities[element] = np.full(shape, scale * areal / path_nm)
    return phantom_of(densities, spacing_nm, film)


def at_zero(**changes) -> Acquisition:
    """Acquisition of one tilt at 0°."""
    return Acquisition(**{"scheme": ZERO, "microscope": "osiris", "lines": LINES, **changes})
