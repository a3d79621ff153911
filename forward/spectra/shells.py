"""Inner shells by element: edge, fluorescence yield and the constants of their ionisation."""

from pydantic import Field, PositiveFloat

from ...phantoms.parameters import Parameters


class Shell(Parameters):
    """One inner shell of a free atom.

    Parameters
    ----------
    edge_kev : float
        Ionisation energy, keV, as the ionisation formula takes it.
    fluorescence_yield : float
        Share of its vacancies that end in an X-ray of this shell.
    near_threshold : tuple of 5 floats
        a1 to a5 of the ionisation formula, for at most 16 times the edge.
    bethe_shift, bethe_scale : float
        b and A of the formula above 16 times the edge.
    bethe : tuple of 4 floats
        g1 to g4 of the same.
    """

    edge_kev: PositiveFloat
    fluorescence_yield: float = Field(ge=0, le=1)
    near_threshold: tuple[float, float, float, float, float]
    bethe_shift: float
    bethe_scale: PositiveFloat
    bethe: tuple[float, float, float, float]


# element shell, edge in keV, yield;  a1 ... a5;  b, A;  g1 ... g4
_ROWS = """
C K 0.291 0.002575 0.09994 0.0004881 -0.1391 0.1487 -0.2024 1.206 2.61e-06 0.01764 8.57 -0.0675 0.04667
N K 0.4048 0.004349 0.07176 0.0003621 -0.09912 0.1048 -0.1399 1.196 1.864e-06 0.02295 8.271 -0.08227 0.05777
O K 0.5373 0.006909 0.05405 0.0002812 -0.0743 0.07819 -0.1022 1.188 1.399e-06 0.02577 8.009 -0.0898 0.05708
Si K 1.829 0.05037 0.01556 0.000106 -0.02007 0.0202 -0.02253 1.136 3.743e-07 0.06205 7.142 -0.2066 0.09527
Cl K 2.805 0.09892 0.01001 8.116e-05 -0.01253 0.01203 -0.01227 1.093 2.327e-07 0.08711 6.899 -0.2977 0.1188
Fe K 7.083 0.3546 0.003832 5.376e-05 -0.004509 0.004293 -0.004511 0.8633 8.371e-08 0.2246 6.389 -0.7702 0.3165
Fe L1 0.8429 0.001 0.03074 0.0001475 -0.03543 0.02089 0.01319 1.055 5.88e-07 0.03863 8.526 -0.1254 0.06123
Fe L2 0.7335 0.0036 0.04061 0.0002476 -0.04946 0.0802 -0.1308 0.9755 1.17e-06 0.03286 7.476 -0.1266 0.07173
Fe L3 0.7206 0.0063 0.05861 0.000355 -0.07136 0.1154 -0.1866 0.976 2.391e-06 0.0303 7.471 -0.08532 0.06189
Co K 7.681 0.388 0.003521 5.237e-05 -0.004122 0.003919 -0.004127 0.8318 7.665e-08 0.2483 6.345 -0.8498 0.3575
Co L1 0.923 0.0012 0.02811 0.0001378 -0.03237 0.01932 0.0102 1.045 5.398e-07 0.04425 8.426 -0.1558 0.07697
Co L2 0.8075 0.0044 0.03685 0.0002278 -0.04471 0.07271 -0.1194 0.9711 1.057e-06 0.03484 7.4 -0.1322 0.07336
Co L3 0.7922 0.0077 0.05327 0.0003274 -0.06455 0.1045 -0.1701 0.9713 2.164e-06 0.03131 7.393 -0.08315 0.05983
Ni K 8.303 0.4212 0.003245 5.114e-05 -0.003783 0.003634 -0.003993 0.7986 7.042e-08 0.2733 6.302 -0.9306 0.4007
Ni L1 1.007 0.0014 0.02578 0.0001299 -0.02964 0.0175 0.009038 1.034 4.972e-07 0.04699 8.326 -0.1654 0.08039
Ni L2 0.885 0.0051 0.0336 0.0002107 -0.04064 0.06633 -0.1097 0.9657 9.602e-07 0.03347 7.319 -0.112 0.06103
Ni L3 0.867 0.0093 0.04864 0.0003035 -0.05872 0.09527 -0.1562 0.965 1.968e-06 0.03438 7.32 -0.09346 0.06618
Cu K 8.95 0.4538 0.003 5.003e-05 -0.00348 0.003339 -0.003683 0.765 6.49e-08 0.3024 6.261 -1.024 0.4543
Cu L1 1.094 0.0016 0.02374 0.0001226 -0.02727 0.01625 0.006884 1.023 4.594e-07 0.04938 8.231 -0.1726 0.08225
Cu L2 0.966 0.0057 0.03074 0.0001965 -0.03699 0.05997 -0.09878 0.9586 8.758e-07 0.04007 7.257 -0.1513 0.08131
Cu L3 0.9449 0.011 0.04459 0.0002827 -0.05365 0.08719 -0.144 0.9586 1.799e-06 0.03611 7.248 -0.09564 0.0668
Zn K 9.623 0.4857 0.002779 4.908e-05 -0.003203 0.003002 -0.003112 0.7299 5.999e-08 0.3351 6.223 -1.128 0.5167
Zn L1 1.185 0.0018 0.02193 0.000116 -0.02518 0.01521 0.00488 1.013 4.257e-07 0.05131 8.14 -0.1772 0.08219
Zn L2 1.051 0.0095 0.02825 0.0001832 -0.03394 0.05545 -0.09247 0.9516 8.021e-07 0.0425 7.189 -0.1594 0.08424
Zn L3 1.026 0.012 0.04104 0.0002644 -0.04921 0.07991 -0.1323 0.9518 1.651e-06 0.03778 7.181 -0.1008 0.0672
"""


def _read(rows: str) -> dict[str, dict[str, Shell]]:
    shells: dict[str, dict[str, Shell]] = {}
    for row in rows.strip().splitlines():
        element, name, *cells = row.split()
        edge, fluorescence, a1, a2, a3, a4, a5, b, scale, g1, g2, g3, g4 = (float(cell) for cell in cells)
        shells.setdefault(element, {})[name] = Shell(
            edge_kev=edge,
            fluorescence_yield=fluorescence,
            near_threshold=(a1, a2, a3, a4, a5),
            bethe_shift=b,
            bethe_scale=scale,
            bethe=(g1, g2, g3, g4),
        )
    return shells


SHELLS: dict[str, dict[str, Shell]] = _read(_ROWS)
"""Shells by element, then by name (``"K"``, ``"L1"``, ``"L2"``, ``"L3"``).

Ionisation constants: D. Bote, F. Salvat, A. Jablonski, C. J. Powell, At. Data Nucl. Data Tables 95
(2009) 871, doi:10.1016/j.adt.2009.03.001, for electrons. Yields of the K shell: the curve of
Bambynek in J. H. Hubbell et al., J. Phys. Chem. Ref. Data 23 (1994) 339, doi:10.1063/1.555955
(published values for C scatter by a factor of two: 0.0014 in the Elam tables, 0.0028 in Krause's). Yields
of the L shells: M. O. Krause, J. Phys. Chem. Ref. Data 8 (1979) 307, doi:10.1063/1.555594, who gives
them 20 to 30 % at these elements."""

COSTER_KRONIG: dict[str, tuple[float, float, float]] = {
    "Fe": (0.30, 0.696, 0.42),
    "Co": (0.30, 0.689, 0.43),
    "Ni": (0.30, 0.685, 0.45),
    "Cu": (0.30, 0.681, 0.47),
    "Zn": (0.29, 0.6096, 0.24),
}
"""Probability that a vacancy moves from L1 to L2, from L1 to L3 (by any way), and from L2 to L3
before it is filled: the Elam tables (doi:10.1016/S0969-806X(01)00227-4) as xraydb carries them. xraylib
has 0.03 and less for L2 to L3; the large values go with the yields above, which obey
ω(L2) = ω(L3) (1 − f23) within 10 %. Without them Lα would be 9 % (Zn) to 16 % (Cu) weaker."""
