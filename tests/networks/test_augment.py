"""Crops changed at random: image and mask together, never upside down, the same for a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")

from radiomics_screen.networks.augment import augmented, maps_of, mirrored  # noqa: E402
from radiomics_screen.networks.training_options import Augmentation  # noqa: E402

STILL = Augmentation(flip=0, rotation_degrees=0, scale=0, shift=0, gamma=0, speckle=0)


def pictures(count: int = 8, edge: int = 24) -> torch.Tensor:
    """Crops whose mask is their image: whatever moves one has to move the other."""
    image = torch.zeros(count, 1, edge, edge)
    image[:, :, 4:9, 6:15] = 1.0
    image[:, :, 9:18, 6:9] = 0.5
    return image.repeat(1, 2, 1, 1)


def changed(crops: torch.Tensor, how: Augmentation, seed: int = 0) -> torch.Tensor:
    return augmented(crops, torch.Generator().manual_seed(seed), how)


def test_image_and_mask_move_together():
    found = changed(pictures(), replace(Augmentation(), gamma=0, speckle=0))
    torch.testing.assert_close(found[:, 0], found[:, 1], rtol=0, atol=1e-6)
    assert (found[:, 0] - pictures()[:, 0]).abs().max() > 0.5


def test_grey_values_change_in_the_image_alone():
    crops = pictures()
    found = changed(crops, replace(STILL, gamma=0.3, speckle=0.2))
    torch.testing.assert_close(found[:, 1], crops[:, 1], rtol=0, atol=1e-5)
    assert (found[:, 0] - crops[:, 0]).abs().max() > 0.05
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(found[:, 0][crops[:, 0] == 0], 0, atol=1e-3)  # noise multiplies


def test_nothing_asked_for_changes_nothing():
    crops = torch.rand(3, 2, 7, 9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(changed(crops, STILL), crops, rtol=0, atol=1e-5)


def test_a_flip_is_from_left_to_right():
    crops = torch.rand(4, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(changed(crops, replace(STILL, flip=1.0)), mirrored(crops), rtol=0, atol=1e-5)
    assert torch.equal(mirrored(crops)[0, 0, 3], crops[0, 0, 3].flip(0))


def test_what_is_deep_stays_deep():
    """Depth runs down: no map turns it round, whatever is drawn."""
    maps = maps_of(torch.rand(500, 5, generator=torch.Generator().manual_seed(0)), Augmentation())
    assert maps[:, 1, 1].min() > 0.8
    assert 0.3 < (maps[:, 0, 0] < 0).float().mean() < 0.7


def test_a_map_worked_out_by_hand():
    """No flip, 90 degrees, twice the size, a shift by a tenth of the edge to the right."""
    how = Augmentation(flip=0.5, rotation_degrees=90, scale=float(np.log(2)), shift=0.1)
    found = maps_of(torch.tensor([[0.9, 1.0, 1.0, 1.0, 0.5], [0.1, 0.5, 0.5, 0.5, 0.5]]), how)
    expected = [[[0, -2, 0.2], [2, 0, 0]], [[-1, 0, 0], [0, 1, 0]]]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_the_same_for_a_seed():
    crops, how = pictures(), Augmentation()
    assert torch.equal(changed(crops, how, seed=3), changed(crops, how, seed=3))
    assert not torch.equal(changed(crops, how, seed=3), changed(crops, how, seed=4))
