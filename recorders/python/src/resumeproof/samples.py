"""Draws the program's samples without moving anything that it trains with, and writes them beside the trace."""

import hashlib
import os
import random
import struct
import sys
import zlib
from contextlib import contextmanager

from .measure import bytes_of
from .trace_file import real

COLOURS = {1: 0, 3: 2, 4: 6}  # PNG's colour type by number of channels: grey, RGB, RGB with alpha
SEED = 0


class Sampler:
    def __init__(self, torch, sketcher, folder):
        self.torch = torch
        self.sketcher = sketcher
        self.folder = folder
        self.draw = None  # the program's function

    def drawn(self, model):
        """Calls the program's function. Returns what it drew, as (name, text or tensor of pixels)."""
        with self._undisturbed(model):
            return [one for name, drawn in _named("", self.draw()) for one in self._read(name, drawn)]

    def write(self, at, step, drawn):
        """Writes the files, and returns a `sample` record for each."""
        folder = os.path.join(self.folder, "samples")
        os.makedirs(folder, exist_ok=True)
        records = []
        for index, (name, sample) in enumerate(drawn):
            record = {"kind": "sample", "at": at, "step": step, "name": name}
            make = self._text if isinstance(sample, str) else self._image
            more, extension, contents = make(sample)
            file = f"samples/{at}-{step}-{index}.{extension}"
            with open(os.path.join(self.folder, file), "wb") as out:
                out.write(contents)
            records.append({**record, **more, "file": file})
        return records

    @contextmanager
    def _undisturbed(self, model):
        """Seeds the generators, so that a sample shows the weights only. Puts back generators and training modes."""
        torch, numpy = self.torch, sys.modules.get("numpy")
        cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
        held = torch.get_rng_state(), random.getstate(), numpy and numpy.random.get_state()
        held_by_cuda = torch.cuda.get_rng_state_all() if cuda else []
        modes = [(part, part.training) for module in model.modules() for part in module.modules()]
        try:
            random.seed(SEED)
            # `torch.manual_seed` would also seed a GPU that the program has not used yet.
            torch.default_generator.manual_seed(SEED)
            if cuda:
                torch.cuda.manual_seed_all(SEED)
            if numpy:
                numpy.random.seed(SEED)
            yield
        finally:
            torch.set_rng_state(held[0])
            random.setstate(held[1])
            if numpy:
                numpy.random.set_state(held[2])
            if cuda:
                torch.cuda.set_rng_state_all(held_by_cuda)
            for part, mode in modes:
                part.training = mode

    def _read(self, name, drawn):
        """Yields a text, or pixels of (height, width, channels) in 8 bits."""
        torch = self.torch
        if isinstance(drawn, str):
            yield name, drawn
            return
        is_tensor = torch.is_tensor(drawn)
        if is_tensor:
            values = drawn.detach().cpu()
        elif hasattr(drawn, "convert") and hasattr(drawn, "mode"):  # a PIL image
            image = drawn if drawn.mode in ("L", "RGB", "RGBA") else drawn.convert("RGB")
            data = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
            values = data.reshape(image.height, image.width, -1)
        else:
            try:
                values = torch.as_tensor(drawn)
            except (TypeError, ValueError, RuntimeError):
                raise TypeError(
                    f"sample '{name}': expected a PIL image, an array, a tensor or a text, received {type(drawn).__name__}"
                ) from None
        if values.dim() == 4:
            for at, one in enumerate(values):
                yield f"{name} {at}".strip(), self._pixels(name, one, is_tensor)
        else:
            yield name, self._pixels(name, values, is_tensor)

    def _pixels(self, name, values, is_tensor):
        torch = self.torch
        shape = tuple(values.shape)
        if values.dim() == 2:
            values = values.unsqueeze(-1)
        elif values.dim() == 3 and is_tensor:
            values = values.permute(1, 2, 0)
        if values.dim() != 3 or values.shape[2] not in COLOURS or not 0 < max(values.shape[:2]) <= 4096:
            order = "channels × height × width" if is_tensor else "height × width × channels"
            raise ValueError(
                f"sample '{name}': expected an image of {order} with 1, 3 or 4 channels of at most 4096 × 4096, "
                f"received the shape {shape}"
            )
        if values.is_floating_point():
            if not bool(torch.isfinite(values).all()):
                raise ValueError(f"sample '{name}': expected finite numbers from 0 to 1, received others")
            values = values.float().clamp(0, 1).mul(255).round()
        elif values.dtype is torch.bool:
            values = values.to(torch.uint8) * 255
        return values.to(torch.uint8).contiguous()

    def _image(self, pixels):
        height, width, channels = pixels.shape
        data = bytes(memoryview(bytes_of(self.torch, pixels)))
        squares, *sketch = self.sketcher.summarize(pixels).tolist()
        record = {
            "type": "image",
            "digest": hashlib.sha256(data).hexdigest(),
            "width": width,
            "height": height,
            "l2": real(squares**0.5),
            "sketch": sketch,
        }
        return record, "png", _png(data, width, height, channels)

    @staticmethod
    def _text(text):
        data = text.encode()
        record = {"type": "text", "digest": hashlib.sha256(data).hexdigest(), "characters": len(text)}
        return record, "txt", data


def _named(path, drawn):
    """Names what a function drew: by key, or by place where it is a list."""
    if isinstance(drawn, dict):
        for key, one in drawn.items():
            yield from _named(f"{path} {key}".strip(), one)
    elif isinstance(drawn, (list, tuple)):
        for at, one in enumerate(drawn):
            yield from _named(f"{path} {at}".strip(), one)
    else:
        yield path or "sample", drawn


def _png(data, width, height, channels):
    """8 bits per channel, no filter (ISO/IEC 15948)."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = width * channels
    rows = b"".join(b"\0" + data[y * row : (y + 1) * row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
