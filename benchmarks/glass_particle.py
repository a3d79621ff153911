"""A glass particle: simulate its EDS and ADF series, reconstruct its metals, judge the result."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..forward import Projector, TiltSeries, simulate
from ..metrics import (
    EsfThreshold,
    InterfaceWidth,
    MiscibilityLimit,
    MixingState,
    PhaseDiagram,
    Precision,
    diagram_voxels,
    esf_threshold,
    interface_width,
    miscibility_limit,
    mixing_state,
    phase_diagram,
    phase_diagram_distance,
    precision,
)
from ..metrics.corrections import CORRECTIONS
from ..phantoms import FluxMelted, Phantom, Segregated, make_phantom
from ..recon import Reconstruction, reconstruct
from .calibration import adf_series
from .experiment import MAPPED_LINES, Experiment
from .interface_from_counts import (
    CountsInterface,
    CountsLimit,
    interface_width_from_counts,
    miscibility_limit_from_counts,
)
from .particle_twins import ParticleTwins, particle_twins, zinc_fraction

# A voxel belongs to the true interior when the body fills it to rounding.
_FULL = 0.999


@dataclass(frozen=True, kw_only=True, eq=False)
class GlassParticle:
    """One particle with its data, its reconstructions, and the verdicts on them.

    Parameters
    ----------
    name : str
        Its name in `PHANTOMS`.
    truth : Phantom
        On the grid of the reconstruction: exact means over its voxels.
    eds : TiltSeries
        Counts of the mapped lines.
    metals : Reconstruction
        Co and Zn by TV², atoms nm⁻³.
    adf : Reconstruction
        By TV.
    adf_threshold : EsfThreshold
        Surface of the ADF volume.
    diagram, true_diagram : PhaseDiagram
        Zinc fraction against metal density of the interior; with twins, the first has their errors.
    corrected : PhaseDiagram or None
        The same voxels less bias and noise as the twins show them; None without twins.
    mixing, limit, spread : MixingState, MiscibilityLimit, Precision
        The verdicts; only the last looks at the truth.
    distance : float
        Between the two diagrams.
    width : InterfaceWidth
        Of the boundary between the phases.
    counts_width : CountsInterface
        The same fitted straight to the counts, where the phases have likely not mixed.
    counts_limit : CountsLimit
        The miscibility limit fitted straight to the counts, where they likely have.
    twins : ParticleTwins or None
        What was simulated and reconstructed anew from `metals`; None where none were asked for.
    """

    name: str
    truth: Phantom
    eds: TiltSeries
    metals: Reconstruction
    adf: Reconstruction
    adf_threshold: EsfThreshold
    diagram: PhaseDiagram
    true_diagram: PhaseDiagram
    mixing: MixingState
    limit: MiscibilityLimit
    spread: Precision
    distance: float
    width: InterfaceWidth
    counts_width: CountsInterface | None = None
    counts_limit: CountsLimit | None = None
    twins: ParticleTwins | None = None
    corrected: PhaseDiagram | None = None

    @property
    def zn(self) -> np.ndarray:
        """Reconstructed Zn atoms nm⁻³, shape (z, y, x)."""
        return self.metals.channel(MAPPED_LINES["Zn"])

    @property
    def co(self) -> np.ndarray:
        """Reconstructed Co atoms nm⁻³, shape (z, y, x)."""
        return self.metals.channel(MAPPED_LINES["Co"])

    @property
    def true_limit(self) -> float | None:
        """True miscibility limit, None where there is none."""
        particle = self.truth.particle
        mixing = None if particle is None else particle.mixing
        return mixing.zn_rich_from if isinstance(mixing, FluxMelted) else None

    @property
    def true_width_nm(self) -> float | None:
        """True 10–90 % width of the interface, None where the metals have mixed."""
        particle = self.truth.particle
        mixing = None if particle is None else particle.mixing
        return mixing.width_nm if isinstance(mixing, Segregated) else None

    def reprojected(self, cross_section_barn: dict[str, float]) -> dict[str, np.ndarray]:
        """Counts that the reconstruction predicts at 0°, line to (y, x)."""
        _, ny, _ = self.zn.shape
        projector = Projector(
            shape=self.zn.shape[:2], bins=ny, angles_deg=[0.0], spacing_nm=self.eds.spacing_nm
        )
        electrons = float(self.eds.electrons_per_pixel or np.nan)
        return {
            line: electrons
            * cross_section_barn[line]
            * 1e-10
            * projector.forward(self.metals.channel(line))[0]
            for line in self.eds.channels
        }

    def summary(self) -> dict[str, object]:
        """Figures under the keys of ``summary.json``."""
        phantom = self.truth
        return {
            **self.spread.as_dict(),
            "mixing_state": self.mixing.state,
            "mixing_state_true": phantom.particle.mixing_state if phantom.particle else None,
            "mixing_state_confidence": self.mixing.confidence,
            "mixing_state_likeliest": self.mixing.likeliest,
            "phase_diagram_distance": self.distance,
            "miscibility_limit": self.limit.limit,
            "miscibility_limit_standard_error": self.limit.standard_error,
            "miscibility_limit_true": self.true_limit,
            **self._uncertain(),
            "status": self.metals.status.value,
            "relative_gap": self.metals.relative_gap,
            "adf_status": self.adf.status.value,
        }

    def _uncertain(self) -> dict[str, object]:
        """What is known of the interface, the phases and the voxels, with its uncertainty."""
        width, twins, inside = self.width, self.twins, self.diagram.interior
        found: dict[str, object] = {
            "interface_width_nm": width.width_nm,
            "interface_width_interval_nm": width_interval(width),
            "interface_width_true_nm": self.true_width_nm,
            **self._from_counts(),
            "phases_found": len(self.diagram.phases),
            "phases_true": len(self.true_diagram.phases),
            "twins": 0 if twins is None else twins.count,
        }
        if twins is not None:
            fraction, density = twins.errors(inside)
            true_fraction, true_density = self.errors(inside)
            found |= {
                "voxel_zn_fraction_2rms": 2 * rms(fraction),
                "voxel_zn_fraction_2rms_true": 2 * rms(true_fraction),
                "voxel_density_2rms": 2 * rms(density),
                "voxel_density_2rms_true": 2 * rms(true_density),
                "twin_diagram_distance": float(np.mean(twins.distances(inside))),
                "phase_diagram_distance_same_voxels": self.same_voxels_distance(self.diagram),
            }
            if self.corrected is not None:
                found["phase_diagram_distance_corrected"] = self.same_voxels_distance(self.corrected)
        return found

    def _from_counts(self) -> dict[str, object]:
        """Width or limit as the counts have it; None where it was not asked or not found."""
        width, limit = self.counts_width, self.counts_limit
        return {
            "interface_width_from_counts_nm": None if width is None else width.width_nm,
            "interface_width_from_counts_interval_nm": [None, None] if width is None else width.interval_nm,
            "miscibility_limit_from_counts": None if limit is None else limit.limit,
            "miscibility_limit_from_counts_standard_error": None if limit is None else limit.standard_error,
        }

    def errors(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True errors of the zinc fraction and the metal density of some voxels."""
        true_zn, true_co = self.truth.density("Zn"), self.truth.density("Co")
        pairs = (self.zn[inside], self.co[inside]), (true_zn[inside], true_co[inside])
        fractions = [zinc_fraction(*pair) for pair in pairs]
        return fractions[0] - fractions[1], pairs[0][0] + pairs[0][1] - pairs[1][0] - pairs[1][1]

    def same_voxels_distance(self, diagram: PhaseDiagram) -> float:
        """Distance of a diagram to that of the truth in the same voxels: no matter which are interior."""
        true = diagram_voxels(
            self.truth.density("Zn"), self.truth.density("Co"), interior=diagram.interior, erode=0
        )
        return phase_diagram_distance(diagram, true[:2])


def rms(values: np.ndarray) -> float:
    """Root mean square of what is known."""
    return float(np.sqrt(np.nanmean(np.square(values, dtype=np.float64))))


def width_interval(width: InterfaceWidth) -> tuple[float, float]:
    """Return the 95 % interval of a width: that of its square, which has the even error, as roots."""
    reach = 1.96 * width.squared_error_nm2
    low, high = (width.squared_nm2 + sign * reach for sign in (-1, 1))
    return float(np.sqrt(np.maximum(low, 0.0))), float(np.sqrt(np.maximum(high, 0.0)))


def study_particle(
    experiment: Experiment,
    name: str,
    cross_section_barn: dict[str, float],
    callback: Callable[[int, float, float], None] | None = None,
) -> GlassParticle:
    """Run one particle through the published chain.

    Parameters
    ----------
    experiment : Experiment
        Who measures, and how.
    name : str
        In `PHANTOMS`.
    cross_section_barn : dict
        Line to calibrated cross-section: the fitted ones, so that their errors reach the densities.
    callback : callable, optional
        Passed to `reconstruct`.
    """
    phantom = make_phantom(name, experiment.fine_grid, rng=experiment.stream("particle", name))
    eds = simulate(
        phantom,
        scheme=experiment.eds_tilts,
        microscope=experiment.microscope,
        signal="eds",
        lines=tuple(MAPPED_LINES.values()),
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.dwell_s("eds"),
        rng=experiment.stream("eds", experiment.microscope, name),
    )
    adf_data = adf_series(experiment, phantom, experiment.microscope, name)
    truth = phantom.downsampled(2)
    del phantom
    options = {"gap": experiment.gap, "max_iterations": experiment.max_iterations, "callback": callback}
    adf = reconstruct(adf_data, "tv", **options)
    metals = reconstruct(eds, "tv2", cross_section_barn=cross_section_barn, **options)
    zn, co = (metals.channel(MAPPED_LINES[element]) for element in ("Zn", "Co"))
    diagram = phase_diagram(zn, co)
    true_diagram = phase_diagram(truth.density("Zn"), truth.density("Co"), interior=truth.fill > _FULL)
    # One threshold on the total metal density serves all verdicts.
    mask = diagram.particle
    mixing = mixing_state(zn, co, interior=mask)
    # Which profile the interface has, a step or a diffusion zone, depends on the state.
    mixed = mixing.likeliest == "interdiffused"
    counts = {"cross_section_barn": cross_section_barn, "interior": mask}
    made, corrected = None, None
    if experiment.twins:
        made = particle_twins(
            eds, metals, count=experiment.twins, rng=experiment.stream("twins", name),
            cross_section_barn=cross_section_barn, **options,
        )  # fmt: skip
        known = {"interior": mask, "replicates": made.replicates, "model": (made.model_zn, made.model_co)}
        diagram = replace(phase_diagram(zn, co, **known), threshold=diagram.threshold)
        corrected = phase_diagram(zn, co, **known, corrections=tuple(CORRECTIONS))
    return GlassParticle(
        name=name,
        truth=truth,
        eds=eds,
        metals=metals,
        adf=adf,
        adf_threshold=esf_threshold(adf.volume),
        diagram=diagram,
        true_diagram=true_diagram,
        mixing=mixing,
        limit=miscibility_limit(
            zn, co, interior=mask, state=mixing, rng=experiment.stream("bootstrap", name)
        ),
        spread=precision(zn, co, truth),
        distance=phase_diagram_distance(diagram, true_diagram),
        width=interface_width(zn, co, spacing_nm=experiment.spacing_nm, interior=mask),
        counts_width=interface_width_from_counts(eds, metals, **counts) if not mixed else None,
        counts_limit=miscibility_limit_from_counts(eds, metals, **counts) if mixed else None,
        twins=made,
        corrected=corrected,
    )
