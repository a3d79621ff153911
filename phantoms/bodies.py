"""The bodies that a particle can have."""

from typing import Annotated

from pydantic import Field

from .ellipsoid import Ellipsoid
from .faceted_crystal import FacetedCrystal
from .rough_shard import RoughShard

Body = Annotated[Ellipsoid | FacetedCrystal | RoughShard, Field(discriminator="kind")]
