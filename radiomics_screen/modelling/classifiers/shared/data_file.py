"""A fitted classifier in a file of plain JSON, checked number by number when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, ValidationError, model_validator

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers.shared.binary import Scaling
from radiomics_screen.modelling.data.values import LARGEST

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False, strict=True)]
Spread = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False, strict=True)]
#: Of coefficients and log-odds: sums of products of such numbers stay finite.
Moderate = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False, strict=True)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]

Content = TypeVar("Content", bound=BaseModel)


class ScalingPart(BaseModel):
    """A scaling in a file."""

    centre: list[Number] = Field(min_length=1)
    spread: list[Spread]

    @model_validator(mode="after")
    def _is_whole(self) -> ScalingPart:
        if len(self.spread) != len(self.centre):
            raise ValueError("centre and spread differ in length")
        return self

    @classmethod
    def of(cls, scaling: Scaling) -> ScalingPart:
        """Return the part that stores this scaling."""
        return cls(centre=scaling.centre.tolist(), spread=scaling.spread.tolist())

    def scaling(self) -> Scaling:
        """Return the scaling with arrays of shape (n_columns,)."""
        return Scaling(np.array(self.centre), np.array(self.spread))


def write_content(path: Path, content: BaseModel) -> None:
    """Write `content` as JSON; each number reads back as the same one, to the last bit."""
    text = json.dumps(content.model_dump(), allow_nan=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def read_content(path: Path, kind: type[Content]) -> Content:
    """Read what :func:`write_content` wrote.

    Raises
    ------
    ModelError
        If the file is not JSON or holds something else than a `kind`.
    """
    try:
        return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} does not hold a classifier: {where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None


def class_labels() -> npt.NDArray[np.int64]:
    """Return the classes of every model in a folder: 0, negative, and 1, positive."""
    return np.array([0, 1])
