"""The domain structures that a particle can have."""

from typing import Annotated

from pydantic import Field

from .embedded import Embedded
from .random_texture import RandomTexture
from .sheet import Sheet
from .whole import Whole

Domain = Annotated[Sheet | Embedded | RandomTexture | Whole, Field(discriminator="kind")]
