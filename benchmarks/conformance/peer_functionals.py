"""Functionals of other packages."""

from .adapters.of_skimage import chambolle
from .peer_component import PeerComponent
from .peer_odl_functionals import ODL_FUNCTIONALS
from .peer_pyproximal_functionals import PYPROXIMAL_FUNCTIONALS
from .peer_scico_functionals import SCICO_FUNCTIONALS

PEER_FUNCTIONALS: dict[str, PeerComponent] = {
    **ODL_FUNCTIONALS,
    **PYPROXIMAL_FUNCTIONALS,
    **SCICO_FUNCTIONALS,
    "skimage_chambolle": PeerComponent(
        summary="scikit-image's denoise_tv_chambolle as the step of total variation",
        modules=("skimage",),
        install="pip install scikit-image",
        build=lambda: chambolle(shape=(3, 3)),
        versions="scikit-image 0.26.0",
    ),
}
