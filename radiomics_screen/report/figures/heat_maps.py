"""Where a network looks: crops of lesions under their heat maps, and what may be said of them.

Grad-CAM: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV 2017.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.crop_column import is_crop
from radiomics_screen.report.figures.lesion_pictures import Bytes, as_svg, picture_of_crop, png
from radiomics_screen.report.wording.crop_models import hindrance

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model
    from radiomics_screen.modelling.classifiers.shared.crop_networks import CnnClassifier

_STEP = 32  # pixels of a crop to one value of the last maps: EfficientNet-Lite0 halves it five times
_LEVELS = 64
_PART_OF_SCALE = (0.25, 0.72)  # of inferno: neither its black nor the yellow of the outline
_MOST_OPAQUE = 0.55  # so that the crop is seen under the hottest place, too


@dataclass(frozen=True)
class Heat:
    """How a report shows where a model's network looks.

    Attributes
    ----------
    network
        The one that was fitted on all rows; None where nothing can be shown.
    text
        What the heat maps are and are not, or why there are none.
    """

    network: CnnClassifier | None
    text: str

    @property
    def legend(self) -> Markup:
        """The colours from least to most, over a middle grey."""
        ramp = png(np.arange(_LEVELS, dtype=np.uint8)[np.newaxis], _palette())
        data = base64.b64encode(ramp).decode("ascii")
        return Markup(
            f'<svg class="ramp" viewBox="0 0 {_LEVELS} 8" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect width="{_LEVELS}" height="8" fill="#808080"/><image width="{_LEVELS}" height="8" '
            f'preserveAspectRatio="none" href="data:image/png;base64,{data}"/></svg>'
        )

    def over(self, crop: object, alt: str, *, positive: bool) -> tuple[Markup, str]:
        """Return a crop with its outline, under the heat map of what speaks for a class, and a remark.

        The remark says that no place speaks for the class, so that there is no colour; else it is empty.

        Parameters
        ----------
        crop
            Bytes of shape (2, height, width): the image, and the lesion as 0 and 255.
        alt
            For those who do not see it.
        positive
            For the positive class, or for the negative one.

        Raises
        ------
        ModelError
            If there is no crop, or not one of the network's size.
        """
        if self.network is None or not isinstance(crop, np.ndarray) or not is_crop(crop):
            raise ModelError("there is no crop of its lesion")
        heat = self.network.heat_maps(crop[np.newaxis], positive=positive)[0]
        picture = picture_of_crop(crop)
        if not heat.max() > 0:
            return as_svg(picture, alt), "no place of the crop speaks for this call"
        return as_svg(picture, alt, over=png(_levels(heat, picture.pixels.shape), _palette())), ""


def heat_of(model: Model, table: pd.DataFrame | None) -> Heat | None:
    """Return how to show where a model's network looks; None of a model that looks at no crops."""
    if not model.looks_at_crops:
        return None
    if reason := hindrance(model, table):
        return Heat(None, f"No heat maps are shown: {reason}.")
    network = _network_of(model)
    if max(network.crop_shape_) <= _STEP:
        height, width = network.crop_shape_
        return Heat(
            None,
            f"No heat maps are shown: of crops of {height} x {width} pixels the network's last maps have "
            "one value, which tells no place.",
        )
    return Heat(network, _text(model, network))


def _network_of(model: Model) -> Any:
    """Return the network, or that member of late fusion which is one."""
    classifier = model.pipeline[-1]
    members = getattr(classifier, "fitted_", {}).values()
    return next(one for one in (classifier, *members) if hasattr(one, "heat_maps"))


def _text(model: Model, network: CnnClassifier) -> str:
    rows, columns = (ceil(edge / _STEP) for edge in network.crop_shape_)
    one_of_many = (
        " The network is one member of the model, and other members may speak against it."
        if model.pipeline[-1] is not network
        else ""
    )
    members = len(network.networks_)
    several = f", the mean over {members} networks" if members > 1 else ""
    mask = (
        " It sees the lesion's mask, too: what speaks may be the outline and not the image."
        if network.training.inputs == "image+mask"
        else ""
    )
    return (
        "In colour: the crop that the network sees, under a heat map (Grad-CAM, Selvaraju et al. 2017) of "
        f"the places that speak for the call{several}. It says where the network looks, not why.{mask} It is "
        f"coarse: {rows} x {columns} values for the whole crop, drawn smoothly in between. The colours of "
        "each crop go up to its own maximum, so that those of two crops cannot be compared."
        f"{one_of_many} Heat maps are of the network that was fitted on all rows, these too; the "
        "probabilities and calls are of those that had not seen the patient, and may differ from what this "
        "one says."
    )


def _levels(heat: npt.NDArray[np.float32], shape: tuple[int, ...]) -> Bytes:
    """Return heat of 0 to 1 as levels of the palette, in the shape of the picture."""
    from skimage.transform import resize

    fitting = heat if heat.shape == shape else resize(heat, shape, order=1, anti_aliasing=True)
    return np.rint(np.clip(fitting, 0, 1) * (_LEVELS - 1)).astype(np.uint8)


def _palette() -> Bytes:
    """Return red, green, blue and opacity of each level, shape (levels, 4).

    Hue and lightness follow inferno, whose order is seen without colour vision, too; where there is no heat
    the crop is seen as it is.
    """
    from matplotlib import colormaps

    levels = np.linspace(0, 1, _LEVELS)
    colours = np.array(colormaps["inferno"](np.interp(levels, (0, 1), _PART_OF_SCALE)))
    colours[:, 3] = _MOST_OPAQUE * levels
    return np.rint(255 * colours).astype(np.uint8)
