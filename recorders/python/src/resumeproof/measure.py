"""Measures tensors: norms, sketches, digests and the ids of a batch's rows. Reads many results back at once."""

import ctypes
import hashlib

# The signs are those of harness/probe/sketch.ts.
BLOCK = 1024
SUMS = 4


class Readback:
    """Collects results that lie on devices, and brings all of them to Python in one or two transfers for each GPU."""

    def __init__(self, torch):
        self.torch = torch
        self.waiting = []

    def add(self, scalar):
        """@param scalar: a tensor of one value. Returns a function that gives it as a number once `fetch` was called."""
        at = len(self.waiting)
        self.waiting.append(scalar)
        return lambda: self.waiting[at]

    def number(self, value):
        """The same for what may be a number already."""
        return self.add(value) if self.torch.is_tensor(value) else lambda: value

    def fetch(self):
        torch = self.torch
        places = {}
        for at, scalar in enumerate(self.waiting):
            if scalar.device.type == "cpu":
                self.waiting[at] = scalar.item()
                continue
            places.setdefault(scalar.device, {}).setdefault(scalar.dtype, []).append(at)
        for dtypes in places.values():
            # float64 holds all norms, but not all of int64.
            exact = dtypes.pop(torch.int64, [])
            if exact:
                self._set(exact, torch.stack([self.waiting[at] for at in exact]))
            if dtypes:
                ordered = [at for ats in dtypes.values() for at in ats]
                parts = [torch.stack([self.waiting[at].reshape(()) for at in ats]) for ats in dtypes.values()]
                self._set(ordered, torch.cat([part.double() for part in parts]))

    def _set(self, ats, values):
        for at, value in zip(ats, values.tolist()):
            self.waiting[at] = value


def dense(tensor):
    """The tensor, or the values that a sparse one holds."""
    tensor = tensor.detach()
    return tensor.coalesce().values() if tensor.is_sparse else tensor


def norm(torch, tensor):
    """The L2 norm of one tensor, in float32 at least."""
    return torch.linalg.vector_norm(tensor, dtype=_wide(torch, tensor.dtype))


def _wide(torch, dtype):
    if dtype.is_complex:
        return torch.complex128 if dtype is torch.complex128 else torch.complex64
    return torch.float64 if dtype is torch.float64 else torch.float32


def norms(torch, tensors, order=2):
    """L2 norms, in float32 at least: one call for all tensors."""
    if not tensors:
        return []
    found = [None] * len(tensors)
    kinds = {}
    for at, tensor in enumerate(tensors):
        kinds.setdefault((tensor.dtype, tensor.device), []).append(at)
    for (dtype, _), ats in kinds.items():
        wide = _wide(torch, dtype)
        for at, length in zip(ats, torch._foreach_norm([tensors[at] for at in ats], order, dtype=wide)):
            found[at] = length
    return found


def bytes_of(torch, tensor):
    """The bytes of a tensor, row-major. NumPy would do, but it lacks bfloat16 and can be absent."""
    held = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    size = held.numel() * held.element_size()
    if size == 0:
        return b""
    view = (ctypes.c_char * size).from_address(held.data_ptr())
    view.held = held  # as long as the view lives
    return view


def sha256(torch, tensor):
    return hashlib.sha256(bytes_of(torch, tensor)).hexdigest()


class Sketcher:
    """L2 norm and four sums of all values with fixed random signs, in float64."""

    def __init__(self, torch):
        self.torch = torch
        self.signs = {}
        self.block_signs = {}
        self.scratch = {}

    def _signs(self, first, count, device):
        """±1 from bit 31 − s of MurmurHash3's 32-bit finalizer of each index + 1. A set bit means −1."""
        torch = self.torch
        low = 0xFFFFFFFF
        hashed = torch.arange(first + 1, first + count + 1, dtype=torch.int64, device=device)
        hashed = ((hashed ^ (hashed >> 16)) * 0x85EBCA6B) & low
        hashed = ((hashed ^ (hashed >> 13)) * 0xC2B2AE35) & low
        hashed = hashed ^ (hashed >> 16)
        bits = torch.stack([(hashed >> (31 - s)) & 1 for s in range(SUMS)], dim=1)
        return (1 - 2 * bits).to(torch.float64)

    def _signs_of_blocks(self, first, count, device):
        """From a table that grows as tensors do."""
        known = self.block_signs.get(device)
        if known is None or len(known) < first + count:
            known = self.block_signs[device] = self._signs(BLOCK, 2 * (first + count), device)
        return known[first : first + count]

    def _sums(self, blocks):
        """Four signed sums of each block."""
        signs = self.signs[blocks.device]
        if blocks.device.type == "cpu":
            return blocks @ signs
        # A program that allows only deterministic algorithms may not have set up cuBLAS for them.
        return self.torch.stack([(blocks * signs[:, s]).sum(1) for s in range(SUMS)], dim=1)

    def summarize(self, tensor):
        """A tensor of five float64 values: the squared norm and the sums."""
        torch = self.torch
        values = dense(tensor).reshape(-1)
        if values.is_complex():
            values = torch.view_as_real(values).reshape(-1)
        device = values.device
        if device not in self.signs:
            # As much as a processor's cache holds at once; a GPU wants more.
            blocks = 128 if device.type == "cpu" else 8192
            self.signs[device] = self._signs(0, BLOCK, device)
            self.scratch[device] = torch.empty(blocks * BLOCK, dtype=torch.float64, device=device)
        scratch = self.scratch[device]
        total = torch.zeros(1 + SUMS, dtype=torch.float64, device=device)
        for start in range(0, values.numel(), scratch.numel()):
            part = values[start : start + scratch.numel()]
            blocks = -(-part.numel() // BLOCK)
            wide = scratch[: blocks * BLOCK]
            wide[part.numel() :].zero_()
            wide[: part.numel()].copy_(part)
            total[0] += wide.square().sum()
            signs = self._signs_of_blocks(start // BLOCK, blocks, device)
            sums = self._sums(wide.view(blocks, BLOCK)) * signs
            total[1:] += sums.sum(0)
        return total


def row_ids(torch, tensors):
    """
    An id for each row of a batch, from the bytes of all tensors that have as many rows as the first. On a GPU it is a
    tensor of int64, to be read back later; on the CPU a list of texts.
    """
    if not tensors:
        return []
    first = tensors[0]
    rows = first.shape[0]
    parts = [
        dense(t)
        for t in tensors
        if t.device == first.device and t.layout is torch.strided and t.shape[:1] == (rows,)
    ]
    if not parts or rows == 0:
        return []
    if first.device.type != "cpu":
        return sum(_mixed(torch, part.reshape(rows, -1), salt) for salt, part in enumerate(parts))
    digests = [hashlib.blake2b(digest_size=8) for _ in range(rows)]
    for part in parts:
        size = part[0].numel() * part.element_size()
        data = memoryview(bytes_of(torch, part)).cast("B")
        for row, digest in enumerate(digests):
            digest.update(data[row * size : (row + 1) * size])
    return [digest.hexdigest() for digest in digests]


def bits_as_int64(torch, tensor):
    """The bit pattern of each element."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.dtype is torch.bool:
        return tensor.to(torch.int64)
    width = tensor.element_size()
    same = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[width]
    return tensor.contiguous().view(same).to(torch.int64)


def mix64(values):
    """A bijection of int64 that spreads each bit: SplitMix64's finalizer. Products wrap."""
    # A right shift of int64 keeps the sign; the mask makes it a logical one.
    values = (values ^ ((values >> 30) & 0x3FFFFFFFF)) * -4658895280553007687
    values = (values ^ ((values >> 27) & 0x1FFFFFFFFF)) * -7723592293110705685
    return values ^ ((values >> 31) & 0x1FFFFFFFF)


def wrapping_digests(torch, tensor, chunk=1 << 24):
    """
    Two sums of int64 that wrap, which a GPU can make in any order: of a mix of each element's bits and index, and of a
    mix of its bits alone, which is equal where the same values lie in another order.
    """
    bits = bits_as_int64(torch, tensor).reshape(-1)
    ordered = unordered = torch.zeros((), dtype=torch.int64, device=bits.device)
    for start in range(0, bits.numel(), chunk):
        part = bits[start : start + chunk]
        index = torch.arange(start + 1, start + 1 + part.numel(), dtype=torch.int64, device=bits.device)
        ordered = ordered + mix64(part ^ mix64(index)).sum()
        unordered = unordered + mix64(part + 1).sum()
    return ordered, unordered


def hex64(value):
    """An int64 as 16 hex digits."""
    return f"{value & (2**64 - 1):016x}"


def _mixed(torch, matrix, salt):
    """For each row, the wrapping sum of the mixes of its elements' bits and columns."""
    bits = bits_as_int64(torch, matrix).reshape(matrix.shape[0], -1)
    columns = torch.arange(1, bits.shape[1] + 1, dtype=torch.int64, device=bits.device) + (salt << 40)
    return mix64(bits ^ mix64(columns)).sum(1)
