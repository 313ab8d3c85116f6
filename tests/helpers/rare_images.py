"""Image files as other programs write them and the libraries of the tests cannot."""

import struct
import zlib
from pathlib import Path

import numpy as np


def _packed(rows: np.ndarray, bits: int) -> list[bytes]:
    """Return rows of pixels with so many bits each, each row filled up to whole bytes."""
    spread = rows.astype(int)[..., np.newaxis] >> np.arange(bits)[::-1] & 1
    return [np.packbits(row.astype(np.uint8).ravel()).tobytes() for row in spread]


def write_packed_tiff(path: Path, stack: np.ndarray, bits: int, photometric: int = 1) -> None:
    """Write a TIFF of 1 to 16 bits a pixel, one strip a page; shape (Z, Y, X)."""
    file, (_, height, width) = bytearray(b"II*\0" + struct.pack("<I", 8)), stack.shape
    for number, page in enumerate(stack):
        rows = b"".join(_packed(page, bits))
        rows += b"\0" * (len(rows) % 2)
        values = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 0, 277: 1, 278: height}
        values[279] = len(rows)
        values[273] = len(file) + 2 + 12 * len(values) + 4
        following = values[273] + len(rows) if number < len(stack) - 1 else 0
        file += struct.pack("<H", len(values))
        file += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
        file += struct.pack("<I", following) + rows
    path.write_bytes(file)


def write_png(path: Path, image: np.ndarray, bits: int = 8, colour: int = 0, further: bytes = b"") -> None:
    """Write a PNG.

    Args:
        path: Of the file.
        image: Shape (Y, X), or (Y, X, C) of 8 or 16 bits.
        bits: Of each value.
        colour: PNG's number of the kind: 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha.
        further: Chunks before the pixels; see `png_chunk`.
    """
    height, width = image.shape[:2]
    rows = _packed(image.reshape(height, -1), bits)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + further + pixels + png_chunk(b"IEND", b""))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_ome_tiff(
    path: Path, planes: np.ndarray, sizes: str, order: str = "XYZCT", inside: str = "<TiffData/>"
) -> None:
    """Write pages with an OME header that may say what it likes.

    Args:
        path: Of the file.
        planes: Pages, shape (N, Y, X), uint8.
        sizes: ``SizeZ="5" SizeC="1" SizeT="1"`` and further attributes of ``Pixels``.
        order: ``DimensionOrder``.
        inside: What is in ``Pixels`` after its channels.
    """
    import tifffile

    _, height, width = planes.shape
    channel = '<Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
    header = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="{order}" Type="uint8" SizeX="{width}" '
        f'SizeY="{height}" {sizes}>{channel}{inside}</Pixels></Image></OME>'
    )
    tifffile.imwrite(path, planes, photometric="minisblack", description=header.encode(), metadata=None)
