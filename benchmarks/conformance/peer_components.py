"""Components of other packages, for the laws: what they are and what they are known to break."""

from ...phantoms.table import Table
from .peer_component import PeerComponent
from .peer_functionals import PEER_FUNCTIONALS
from .peer_operators import PEER_OPERATORS
from .peer_projectors import PEER_PROJECTORS
from .peer_solvers import PEER_SOLVERS

PEER_COMPONENTS: Table[PeerComponent] = Table(
    "component of another package",
    {**PEER_PROJECTORS, **PEER_OPERATORS, **PEER_FUNCTIONALS, **PEER_SOLVERS},
)
