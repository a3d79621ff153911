"""Projectors of other packages, and the laws that they are known to break."""

from .adapters.of_astra import astra_projector
from .adapters.of_odl import ray_transform
from .adapters.of_pylops import computed_tomography
from .adapters.of_scico import xray_transform
from .adapters.of_skimage import radon_pair
from .beam_geometry import BeamGeometry
from .drawn_array import DrawnArray
from .peer_component import KnownBreak, PeerComponent
from .projector_family import ProjectorFamily

_ASTRA = "pip install astra-toolbox"
_IRADON = "https://scikit-image.org/docs/stable/api/skimage.transform.html#skimage.transform.iradon"


def _one_voxel(n: int, *angles_deg: float, voxel: int = 0) -> dict[str, object]:
    return {"geometry": BeamGeometry((n, n, 1), angles_deg), "x": DrawnArray((n, n, 1), ((voxel, 1.0),))}


_UNMATCHED = KnownBreak(
    kind="approximation",
    cause="radon turns the image and adds up its rows, iradon interpolates in the sinogram at every pixel: "
    "two discretisations, neither the transpose of the other, which scikit-image never said they were",
    source=_IRADON,
    case={
        "geometry": BeamGeometry((5, 5, 1), (30.0,)),
        "x": DrawnArray((5, 5, 1), ((6, 1.0),)),
        "y": DrawnArray((1, 5, 1), ((1, 1.0),)),
    },
)
_CORNERS = (
    "the image is padded to the next whole number above √2 times its size, about the pixel n // 2: where "
    "that number is even, one side is a pixel short of the corners, which are cut off at oblique tilts"
)
_PADDING = "https://github.com/scikit-image/scikit-image/blob/main/src/skimage/transform/radon_transform.py"
_NOISE = {"geometry": BeamGeometry((7, 7, 1), (21.0,)), "x": DrawnArray((7, 7, 1), seed=0)}
_BEYOND = KnownBreak(kind="defect", cause=_CORNERS, source=_PADDING, case=_NOISE)
_TURNED_ABOUT = (
    "image and sinogram are taken for centred, but scikit-image's axis is the pixel n // 2 of either: an "
    "even image and an even padded sinogram are half a bin off each, a bin at 90° where both are"
)
_ODL_RADON = "https://github.com/odlgroup/odl/blob/master/odl/applications/tomo/backends/skimage_radon.py"
_RESAMPLED = (
    "the sinogram of scikit-image is resampled to ODL's detector, with a factor of the adjoint that the code "
    "calls empirical; its transpose is not what goes back"
)


def _off_axis(case: dict[str, object]) -> KnownBreak:
    return KnownBreak(kind="defect", cause=_TURNED_ABOUT, source=_ODL_RADON, case=case)


_ODL_SKIMAGE = {
    "adjoint": KnownBreak(
        kind="approximation",
        cause=_RESAMPLED,
        source=_ODL_RADON,
        case={
            "geometry": BeamGeometry((5, 5, 1), (30.0,)),
            "x": DrawnArray((5, 5, 1), ((6, 1.0),)),
            "y": DrawnArray((1, 5, 1), ((1, 1.0),)),
        },
    ),
    "mirror_in_y": _off_axis(_one_voxel(2, 0.0)),
    "mirror_in_z": _off_axis(_one_voxel(2, 90.0)),
    "half_turn": _off_axis(_one_voxel(4, 0.0)),
    "quarter_turn": _off_axis(_one_voxel(2, 0.0)),
    "pixel_shift": _off_axis({**_one_voxel(2, 0.0), "axis": "y", "steps": 1}),
    "landing": _off_axis({"geometry": BeamGeometry((24, 24, 1), (90.0,)), "centre": (0.0, 0.0)}),
    "chords": _off_axis({"geometry": BeamGeometry((24, 24, 1), (90.0,)), "centre": (0.0, 0.0)}),
    "refinement": _off_axis({"geometry": BeamGeometry((26, 26, 1), (90.0,)), "centre": (0.0, 0.0)}),
}

_DEGREES = {
    law: KnownBreak(
        kind="defect",
        cause="the docstring says `thetas` in degrees, but they are handed to ASTRA, which takes radians",
        source="https://pylops.readthedocs.io/en/stable/_modules/pylops/medical/ct.html",
        case=case,
    )
    for law, case in {
        "half_turn": _one_voxel(1, 0.0),
        "quarter_turn": _one_voxel(1, 0.0),
        "pixel_shift": {
            "geometry": BeamGeometry((2, 2, 1), (90.0,)),
            "x": DrawnArray((2, 2, 1), seed=0),
            "axis": "y",
            "steps": 1,
        },
        "landing": {"geometry": BeamGeometry((24, 24, 1), (90.0,)), "centre": (0.0, 1.0)},
        "chords": {"geometry": BeamGeometry((24, 24, 1), (90.0,)), "centre": (0.0, 1.0)},
        "refinement": {"geometry": BeamGeometry((24, 24, 1), (90.0,)), "centre": (0.0, 1.0)},
    }.items()
}


def _astra(kernel: str, accuracy: float = 0.02) -> PeerComponent:
    def make() -> ProjectorFamily:
        return astra_projector(kernel, accuracy=accuracy)

    return PeerComponent(
        summary=f"ASTRA's 2D kernel {kernel!r} on the CPU",
        modules=("astra",),
        install=_ASTRA,
        build=make,
        versions="astra-toolbox 2.5.0",
    )


PEER_PROJECTORS: dict[str, PeerComponent] = {
    "astra_strip": _astra("strip"),
    # Rays close to the grid's axes pass many voxels or none: a coarse model, and no other was promised.
    "astra_line": _astra("line", accuracy=0.04),
    "astra_linear": _astra("linear"),
    "odl_ray_astra": PeerComponent(
        summary="ODL's RayTransform on ASTRA, with its weighted spaces",
        modules=("odl", "astra"),
        install=f"{_ASTRA} odl",
        build=lambda: ray_transform("astra_cpu"),
        versions="odl 1.0.0, astra-toolbox 2.5.0",
    ),
    "odl_ray_skimage": PeerComponent(
        summary="ODL's RayTransform on scikit-image, with its weighted spaces",
        modules=("odl", "skimage"),
        install="pip install odl scikit-image",
        build=lambda: ray_transform("skimage"),
        breaks=_ODL_SKIMAGE,
        versions="odl 1.0.0, scikit-image 0.26.0",
    ),
    "skimage_radon": PeerComponent(
        summary="scikit-image's radon, and iradon without a filter as the way back",
        modules=("skimage",),
        install="pip install scikit-image",
        build=radon_pair,
        breaks={
            "adjoint": _UNMATCHED,
            "mirror_in_z": _BEYOND,
            "half_turn": _BEYOND,
        },
        versions="scikit-image 0.26.0",
    ),
    "pylops_ct2d": PeerComponent(
        summary="PyLops' CT2D on ASTRA, with angles in radians",
        modules=("pylops", "astra"),
        install=f"{_ASTRA} pylops",
        build=lambda: computed_tomography("radians"),
        versions="pylops 2.8.0, astra-toolbox 2.5.0",
    ),
    "pylops_ct2d_degrees": PeerComponent(
        summary="the same with angles in degrees, as its docstring has it",
        modules=("pylops", "astra"),
        install=f"{_ASTRA} pylops",
        build=lambda: computed_tomography("degrees"),
        breaks=_DEGREES,
        versions="pylops 2.8.0, astra-toolbox 2.5.0",
    ),
    "scico_xray": PeerComponent(
        summary="SCICO's XRayTransform2D, two by two pixels to a voxel",
        modules=("scico",),
        install="pip install scico",
        build=xray_transform,
        versions="scico 0.0.7",
    ),
}
