"""The mixing rules that a particle can have."""

from typing import Annotated

from pydantic import Field

from .flux_melted import FluxMelted
from .interdiffused import Interdiffused
from .pure import Pure
from .segregated import Segregated

Mixing = Annotated[Pure | Segregated | Interdiffused | FluxMelted, Field(discriminator="kind")]
