"""What goes wrong while a series is taken: errors, damage, contamination, a wide probe."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import Absorption, AcquisitionErrors, BeamDamage, Contamination, Probe
from .plain import fluences_e_nm2


def absorptions() -> SearchStrategy[Absorption]:
    """Draw absorption with one ray per segment, or seven."""
    return st.builds(Absorption, rays=st.sampled_from([1, 7]))


def probes() -> SearchStrategy[Probe]:
    """Draw probes of 0 to 3 nm, with and without depth of field; shrinks to a line in focus."""
    return st.builds(
        Probe, fwhm_nm=st.floats(0, 3), depth_of_field=st.booleans(), focus_nm=st.floats(-100, 100)
    )


def acquisition_errors() -> SearchStrategy[AcquisitionErrors]:
    """Draw errors of angle, position, current and scan; shrinks to none.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(acquisition_errors(), lambda errors: errors.random).tilt_sigma_deg
    0.0
    """
    return st.builds(
        AcquisitionErrors,
        tilt_sigma_deg=st.floats(0, 5),
        tilt_offset_deg=st.floats(-5, 5),
        shift_sigma_nm=st.floats(0, 10),
        axis_offset_nm=st.floats(-20, 20),
        axis_angle_deg=st.floats(-5, 5),
        current_drift=st.floats(-0.9, 2),
        current_sigma=st.floats(0, 0.5),
        scan_noise_nm=st.floats(0, 10),
    )


def beam_damages() -> SearchStrategy[BeamDamage]:
    """Draw contraction and loss of mass of up to four elements; shrinks to none.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(beam_damages(), lambda damage: damage.mass_loss).mass_loss
    {'H': 0.0}
    """
    return st.builds(
        BeamDamage,
        contraction=st.floats(0, 0.9),
        contraction_fluence_e_nm2=fluences_e_nm2(),
        mass_loss=st.dictionaries(st.sampled_from(["H", "C", "N", "Zn"]), st.floats(0, 1)),
        mass_loss_fluence_e_nm2=fluences_e_nm2(),
        prior_fluence_e_nm2=st.floats(0, 1e8),
    )


def contaminations() -> SearchStrategy[Contamination]:
    """Draw carbon that the beam builds up, to 20 nm at once and 20 nm per critical fluence."""
    return st.builds(
        Contamination,
        adsorbed_nm=st.floats(0, 20),
        growth_nm=st.floats(0, 20),
        critical_fluence_e_nm2=fluences_e_nm2(),
        prior_fluence_e_nm2=st.floats(0, 1e8),
    )
