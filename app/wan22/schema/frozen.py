"""Two bases for every shape: one for what people write, one for what programs send."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A frozen shape written by hand: an unknown key is a typo, hence an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Tolerant(BaseModel):
    """A frozen shape from another program or a newer version of ours: unknown keys are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())
