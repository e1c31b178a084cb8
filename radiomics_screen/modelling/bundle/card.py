"""What is known about a model besides its learned values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from radiomics_screen.core.older_options import with_present_names


class Card(BaseModel):
    """What is known about a model besides its learned values: the contents of ``model.json``.

    Attributes
    ----------
    versions
        Of the packages that it was fitted with.
    settings
        With which its features were extracted, as a parameter file; None where its table did not say.
    setting_files
        Files that the settings name, each with the BLAKE2b digest of its content (16 bytes, hex).
    clinical
        Columns of clinical variables that a case must bring.
    batch
        Column with scanner or site that a case must bring; None where nothing is harmonised.
    recalibration
        How the classifier's probabilities are corrected, as plain JSON values; None: not at all.
    crop
        How the crops of lesions are cut that it looks at, as plain JSON values; None: it looks at none.
    options
        Options of the fit that differ from their defaults, by name; None: a model of before they were kept.
    training
        Counts of rows and features, and the ``fingerprint`` of the table it was learned from.
    probe
        Probability of a case without any value: lets loading see that all parts fit together.
    """

    model_config = ConfigDict(frozen=True)

    versions: dict[str, str]
    created: str
    target: str
    positive: str
    negative: str
    group: str | None
    threshold: float = Field(gt=0, lt=1)
    classifier: str
    hyperparameters: dict[str, Any]
    seed: int
    device: str
    settings: Annotated[dict[str, Any] | None, AfterValidator(with_present_names)]
    setting_files: dict[str, str] = Field(default={})
    clinical: list[str] = Field(default=[])
    batch: str | None = None
    recalibration: dict[str, Any] | None = None
    crop: dict[str, Any] | None = None
    options: dict[str, JsonValue] | None = None
    training: dict[str, Any]
    probe: float
