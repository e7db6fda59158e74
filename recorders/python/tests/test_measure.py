"""What a GPU computes, computed here on the CPU. It needs torch."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from resumeproof.measure import Sketcher, mix64, row_ids, wrapping_digests  # noqa: E402

MASK = 2**64 - 1


def mixed(value):
    value &= MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def test_the_mix_is_that_of_splitmix64():
    values = [0, 1, -1, 12345678901234567, 2**63 - 1, -(2**63)]
    assert [value & MASK for value in mix64(torch.tensor(values)).tolist()] == [
        mixed(value) for value in values
    ]


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.float64, torch.int64, torch.complex64]
)
def test_digests_tell_values_and_their_order_apart(dtype):
    tensor = torch.arange(1, 31, dtype=torch.float64).reshape(5, 6).to(dtype)
    ordered, unordered = wrapping_digests(torch, tensor, chunk=7)
    assert wrapping_digests(torch, tensor.clone()) == (ordered, unordered)
    turned = wrapping_digests(torch, tensor.T)
    assert turned[0] != ordered and turned[1] == unordered
    other = tensor.clone()
    other[4, 5] += 1
    assert wrapping_digests(torch, other)[1] != unordered


def test_a_sketch_has_the_signs_of_the_package():
    values = (torch.arange(300_000, dtype=torch.float64) * 0.37).sin().float()
    expected = [149999.162772, 3.404500563600, -19.133412600928, -17.213808863490, 15.502229421231]
    assert Sketcher(torch).summarize(values).tolist() == pytest.approx(expected, rel=1e-9)


def test_rows_have_ids_of_their_own():
    x, y = torch.randn(4, 3), torch.arange(4)
    ids = row_ids(torch, [x, y])
    assert len(set(ids)) == 4
    assert row_ids(torch, [x.flip(0), y.flip(0)]) == ids[::-1]
    assert row_ids(torch, [x, y + 1]) != ids
