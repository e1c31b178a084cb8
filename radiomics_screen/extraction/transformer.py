"""Lesions in, features out, as a scikit-learn transformer."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radiomics_screen.cohort.cases import CHANNEL, Case
from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import CohortError, ScreenError, SettingsError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.extraction.measuring.case import extract
from radiomics_screen.settings.settings import Settings, load_settings

if TYPE_CHECKING:
    import pandas as pd

ON_FAILURE = ("raise", "nan")


class _Lesion(NamedTuple):
    image: Any
    mask: Any
    label: int | None
    problem: str = ""
    label_channel: int | None = None


class _Measured(NamedTuple):
    values: dict[str, float]
    remarks: list[str]
    error: ScreenError | None


class RadiomicsTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # the base has no types
    """Extract radiomic features as a step of a scikit-learn pipeline.

    Nothing is learned from the lesions but the names of the features, so the transformer can stand before a
    cross-validation as well as inside it. Values are those of :func:`radiomics_screen.extract`.

    Parameters
    ----------
    settings
        Parameter file, its content as a dict, or settings; None takes the defaults.
    label
        Mask value that marks the lesion, where a lesion does not bring its own; None takes the one value
        there is.
    on_failure
        ``"raise"``: a lesion that cannot be measured ends the call with its error. ``"nan"``: its row is
        NaN, and a :class:`~radiomics_screen.ScreenWarning` names it and the cause.
    n_jobs
        Number of processes, as in joblib; None is 1 unless ``joblib.parallel_config`` says otherwise.

    Attributes
    ----------
    settings_ : Settings
        The resolved parameters.
    feature_names_ : list of str
        Columns of the output, in the order of :func:`radiomics_screen.extract`.

    Examples
    --------
    >>> import numpy as np
    >>> from radiomics_screen import RadiomicsTransformer
    >>> image = np.random.default_rng(0).normal(100, 10, (9, 9))
    >>> mask = np.zeros((9, 9), int)
    >>> mask[2:7, 2:7] = 1
    >>> settings = {"featureClass": {"firstorder": ["Mean", "Energy"]}}
    >>> transformer = RadiomicsTransformer(settings).set_output(transform="pandas")
    >>> list(transformer.fit_transform([(image, mask)]).columns)
    ['original_firstorder_Energy', 'original_firstorder_Mean']
    """

    def __init__(
        self,
        settings: str | Path | Mapping[str, Any] | Settings | None = None,
        *,
        label: int | None = None,
        on_failure: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.settings = settings
        self.label = label
        self.on_failure = on_failure
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Resolve the settings and learn the names of the features from the first lesion that has them.

        Parameters
        ----------
        X
            Lesions: a sequence of (image, mask) pairs of whatever :func:`radiomics_screen.extract` takes, a
            sequence of :class:`~radiomics_screen.Case`, or a DataFrame with the columns image and mask, and
            label where lesions need one.
        y
            Not used.

        Raises
        ------
        ScreenError
            The settings or the lesions cannot be used, or no lesion can be measured.
        """
        settings, lesions = self._begin(X)
        for number, lesion in enumerate(lesions):
            found = _measure(lesion, settings)
            if found.error is None:
                return self._learned(found, settings)
            self._failed(number, found.error)
        raise CohortError("none of the lesions can be measured, so the features have no names")

    def transform(self, X: Any) -> FloatArray:
        """Return the features of the lesions, shape (lesions, features); see :meth:`fit` for `X`."""
        check_is_fitted(self)
        return self._rows(self._measured(_lesions_of(X, self.label), self.settings_))

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> FloatArray:
        """Return what ``fit(X).transform(X)`` does, measuring each lesion once."""
        settings, lesions = self._begin(X)
        found = self._measured(lesions, settings)
        first = next((one for one in found if one.error is None), None)
        if first is None:
            for number, one in enumerate(found):
                if one.error is not None:
                    self._failed(number, one.error)  # raises the first where errors are raised
            raise CohortError(
                f"none of the {len(found)} lesions can be measured, so the features have no names"
            )
        return self._learned(first, settings)._rows(found)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the features; `input_features` is not used."""
        check_is_fitted(self)
        return np.array(self.feature_names_, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # lesions, not numbers
        tags.no_validation = True
        return tags

    def _begin(self, X: Any) -> tuple[Settings, list[_Lesion]]:
        if self.on_failure not in ON_FAILURE:
            raise SettingsError(f"on_failure is {self.on_failure!r}; it must be 'raise' or 'nan'")
        return load_settings(self.settings), _lesions_of(X, self.label)

    def _learned(self, found: _Measured, settings: Settings) -> Self:
        # set only once a lesion is measured: after a failed fit the transformer must not count as fitted
        self.settings_ = settings
        self.feature_names_ = list(found.values)
        return self

    def _measured(self, lesions: Sequence[_Lesion], settings: Settings) -> list[_Measured]:
        import joblib

        parallel = joblib.Parallel(n_jobs=self.n_jobs)
        found: list[_Measured] = parallel(joblib.delayed(_measure)(lesion, settings) for lesion in lesions)
        return found

    def _rows(self, found: Sequence[_Measured]) -> FloatArray:
        rows = np.full((len(found), len(self.feature_names_)), np.nan)
        known = set(self.feature_names_)
        for number, one in enumerate(found):
            if one.error is not None:
                self._failed(number, one.error)
                continue
            rows[number] = [one.values.get(name, np.nan) for name in self.feature_names_]
            extra = [name for name in one.values if name not in known]
            remarks = [*one.remarks]
            if known and extra:
                remarks.append(
                    f"{len(extra)} features are left out, since the first lesion has no {extra[0]}"
                )
            for remark in remarks:
                warnings.warn(f"lesion {number}: {remark}", ScreenWarning, stacklevel=4)
        return rows

    def _failed(self, number: int, error: ScreenError) -> None:
        if self.on_failure == "raise":
            raise type(error)(f"lesion {number}: {error}") from error
        warnings.warn(f"lesion {number} could not be measured: {error}", ScreenWarning, stacklevel=4)


def _measure(lesion: _Lesion, settings: Settings) -> _Measured:
    """Measure one lesion in this process, with one thread; an error of the lesion is returned."""
    if lesion.problem:
        return _Measured({}, [], CohortError(lesion.problem))
    with collect_remarks() as remarks, single_threaded():
        try:
            channel = lesion.label_channel
            values = extract(lesion.image, lesion.mask, settings, label=lesion.label, label_channel=channel)
        except ScreenError as error:
            return _Measured({}, remarks, error)
    return _Measured(values, remarks, None)


def _lesions_of(X: Any, label: int | None) -> list[_Lesion]:
    """Return the lesions of whatever stands for them.

    Raises
    ------
    CohortError
        There are none, or something else was given.
    """
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        lesions = _of_frame(X, label)
    elif isinstance(X, str | bytes) or not isinstance(X, Iterable):
        raise CohortError(
            f"lesions are (image, mask) pairs, cases or a table with these columns, not {X!r:.60}"
        )
    else:
        lesions = [_lesion_of(number, one, label) for number, one in enumerate(X)]
    if not lesions:
        raise CohortError("there are no lesions")
    return lesions


def _of_frame(frame: pd.DataFrame, label: int | None) -> list[_Lesion]:
    if absent := [name for name in ("image", "mask") if name not in frame.columns]:
        raise CohortError(f"the table of lesions has no column '{absent[0]}'")
    own = _whole_numbers(frame, "label", label)
    channels = _whole_numbers(frame, CHANNEL, None)
    each = zip(frame["image"], frame["mask"], own, channels, strict=True)
    return [_Lesion(image, mask, one, label_channel=channel) for image, mask, one, channel in each]


def _whole_numbers(frame: pd.DataFrame, name: str, default: int | None) -> list[int | None]:
    """Return a column's numbers, or the default where there is none."""
    given = frame[name].tolist() if name in frame.columns else [None] * len(frame)
    return [default if one is None or one != one else int(one) for one in given]  # NaN is not itself


def _lesion_of(number: int, one: Any, label: int | None) -> _Lesion:
    if isinstance(one, Case):
        problem = f"case {one.id}: {one.problem}" if one.problem else ""
        own = label if one.label is None else one.label
        return _Lesion(one.image, one.mask, own, problem, one.label_channel)
    try:
        image, mask = one
    except (TypeError, ValueError):
        raise CohortError(
            f"lesion {number} is {type(one).__name__}, not an (image, mask) pair or a Case"
        ) from None
    return _Lesion(image, mask, label)
