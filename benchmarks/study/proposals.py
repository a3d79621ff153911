"""Which designs to try next: Optuna explores, a small model of the scores goes for the boundary."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..design.streams import stream
from ..outputs import whole_file
from .candidates import Candidate
from .cost import Cost
from .search_space import SearchSpace, Setting
from .surrogate import Surrogate

if TYPE_CHECKING:
    from optuna.trial import Trial

JOURNAL_FILE = "optuna.journal"

BATCH = 4
"""Candidates that run together: fixed, so that steps do not depend on the number of workers."""

LEAST_GAIN = 0.01
"""A proposal must be cheaper than the best known by this share."""

_SPREAD = 256
_NEAR = 128
_ASKS = 12
_SAFE = 0.9


class Proposals:
    """Batches of candidates.

    Parameters
    ----------
    space : SearchSpace
    cost : Cost
    seed : int

    Notes
    -----
    The cost of a design is known without simulating it, so nothing that costs as much as the best known
    is tried. Half of a batch are draws of Optuna's tree-structured Parzen estimator [1]_ [2]_, with the
    slack of every wanted precision as a constraint. The other half are, among random settings and
    neighbours of the best, the one of the largest expected gain (1 − c/c_best) P [3]_, and the cheapest
    with P ≥ 0.9, where P is the model's probability of meeting every bound. Before anything
    meets its bounds the second half goes where P is largest.

    References
    ----------
    .. [1] J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, Advances in Neural Information Processing
       Systems 24 (2011).
    .. [2] T. Akiba et al., KDD 2019, doi:10.1145/3292500.3330701.
    .. [3] M. Schonlau, W. J. Welch, D. R. Jones, IMS Lecture Notes 34, 11 (1998),
       doi:10.1214/lnms/1215456182.
    """

    def __init__(self, space: SearchSpace, cost: Cost, *, seed: int) -> None:
        import optuna

        self.space, self.cost, self.seed = space, cost, seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler_seed = int(stream(seed, "search", "optuna").generate_state(1)[0])
        self._study = optuna.create_study(
            study_name="glasstomo",
            sampler=optuna.samplers.TPESampler(
                seed=sampler_seed, n_startup_trials=2 * BATCH, multivariate=True
            ),
            direction="minimize",
        )
        self._trials: dict[int, Trial] = {}
        self._keys: set[str] = set()
        self._batches = 0
        self._number = 0

    def first(self) -> list[Candidate]:
        """Return the design itself, the cheapest and the dearest corner, and a draw."""
        start = self.space.start()
        cheapest, dearest = self.space.corners(self.cost)
        named = [("start", start), ("cheapest", cheapest), ("dearest", dearest)]
        found = [self._add(setting, source) for source, setting in named if setting is not None]
        found.append(self._ask(float("inf")))
        self._batches = 1
        return [one for one in found if one is not None]

    def next(
        self, tried: Sequence[Candidate], best: Candidate | None, *, margin: float, most: int
    ) -> list[Candidate]:
        """Return the next batch, of at most `most`; empty when nothing cheaper is left to try."""
        rng = np.random.default_rng(stream(self.seed, "search", "pool", self._batches))
        self._batches += 1
        limit = float("inf") if best is None else best.cost * (1 - LEAST_GAIN)
        modelled = self._modelled(tried, best, rng, limit, margin)
        found: list[Candidate | None] = [self._add(setting, "model") for setting in modelled]
        while len(found) < BATCH:
            drawn = self._ask(limit)
            if drawn is None:
                break
            found.append(drawn)
        return [one for one in found if one is not None][:most]

    def tell(self, candidate: Candidate) -> None:
        """Tell Optuna what came of a candidate."""
        trial = self._trials.pop(candidate.number)
        for name, one in candidate.estimates.items():
            with warnings.catch_warnings():
                # Constraints are an experimental part of Optuna.
                warnings.simplefilter("ignore")
                trial.set_constraint(name, one.slack)
        trial.set_user_attr("state", candidate.state.value)
        trial.set_user_attr("source", candidate.source)
        self._study.tell(trial, candidate.cost)

    def write_journal(self, path: Path) -> None:
        """Write the search as a journal that Optuna and its dashboard read."""
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        with whole_file(path) as part:
            journal = optuna.create_study(
                study_name=self._study.study_name, storage=JournalStorage(JournalFileBackend(str(part)))
            )
            finished = (optuna.trial.TrialState.COMPLETE,)
            journal.add_trials(self._study.get_trials(states=finished))

    def _modelled(
        self,
        tried: Sequence[Candidate],
        best: Candidate | None,
        rng: np.random.Generator,
        limit: float,
        margin: float,
    ) -> list[Setting]:
        """Return up to two settings that the model likes best."""
        places = rng.random((_SPREAD, len(self.space.dimensions)))
        if best is not None:
            middle = np.array(self.space.places(best.setting))
            # Near the best, at distances over three decades.
            reach = 10.0 ** rng.uniform(-2.5, -0.3, (_NEAR, 1))
            near = middle + reach * rng.standard_normal((_NEAR, len(middle)))
            # Half of them along a single axis.
            lone = rng.integers(len(middle), size=_NEAR // 2)
            keep = np.eye(len(middle), dtype=bool)[lone]
            near[: _NEAR // 2] = np.where(keep, near[: _NEAR // 2], middle)
            places = np.concatenate([places, near.clip(0, 1)])
        pool = {design.key: (setting, price) for setting, design, price in self._priced(places)}
        new = [pair for key, pair in pool.items() if key not in self._keys and pair[1] < limit]
        if not new:
            return []
        settings = [setting for setting, _ in new]
        price = np.array([value for _, value in new])
        seen = [(one.setting, one.estimates) for one in tried if one.estimates]
        chance = Surrogate(self.space, seen).chances(settings, margin=margin)
        if best is None:
            order = np.argsort(-chance, kind="stable")
            return [settings[int(index)] for index in order[: BATCH // 2]]
        picks = [int(np.argmax((1 - price / best.cost) * chance))]
        safe = np.flatnonzero(chance >= _SAFE)
        if len(safe):
            picks.append(int(safe[np.argmin(price[safe])]))
        return [settings[index] for index in dict.fromkeys(picks)]

    def _priced(self, places: np.ndarray):
        for place in places:
            setting = self.space.setting_at(place)
            try:
                design = self.space.design_at(setting)
            except ValueError:
                # Ends of ranges are allowed, but not all of their combinations need be.
                continue
            yield setting, design, self.cost(design)

    def _add(self, setting: Setting, source: str) -> Candidate | None:
        """Make a candidate of a setting, unless it was one already."""
        try:
            design = self.space.design_at(setting)
        except ValueError:
            return None
        if design.key in self._keys:
            return None
        self._study.enqueue_trial(
            {d.name: str(setting[d.name]) if d.choices else setting[d.name] for d in self.space.dimensions}
        )
        trial = self._study.ask()
        for dimension in self.space.dimensions:
            dimension.suggest(trial)
        return self._made(trial, setting, design, source)

    def _ask(self, limit: float) -> Candidate | None:
        """Let Optuna choose something new that is cheaper than `limit`."""
        import optuna

        for _ in range(_ASKS):
            trial = self._study.ask()
            setting: Setting = {d.name: d.suggest(trial) for d in self.space.dimensions}
            try:
                design = self.space.design_at(setting)
            except ValueError:
                design = None
            if design is not None and design.key not in self._keys and self.cost(design) < limit:
                return self._made(trial, setting, design, "optuna")
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return None

    def _made(self, trial: Any, setting: Setting, design: Any, source: str) -> Candidate:
        candidate = Candidate(
            number=self._number, setting=setting, design=design, cost=self.cost(design), source=source
        )
        self._number += 1
        self._keys.add(design.key)
        self._trials[candidate.number] = trial
        return candidate
