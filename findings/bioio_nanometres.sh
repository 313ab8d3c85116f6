#!/usr/bin/env bash
# bioio: 4 nm are a pixel size of 0.004 from an ImageJ TIFF and of 4 from an OME-TIFF, and neither has a unit
#
# Versions: bioio 3.6.0, bioio-tifffile 1.3.1, bioio-ome-tiff 1.4.0, tifffile 2026.3.3, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: BioImage chooses a reader by the file. The one for TIFF converts what ImageJ wrote into micrometres, the
#   one for OME-TIFF hands on the number as it stands. physical_pixel_sizes and scale have no unit, and in
#   dimension_properties it is None from both. The docstring refers to the file's metadata for it: those of the ImageJ
#   file say "nm", which is not the unit of the 0.004.
# Harm: a folder of stacks of both kinds, which is usual after Fiji, has voxels that differ by 1000. Lengths, volumes
#   and the radius of a filter in nanometres are right for one half. Following the docstring is wrong for the other
#   half: 0.004 nm. In micrometres, the usual unit of light microscopy, both agree, so that only electron microscopy
#   meets it.
# Instead: take numbers and unit from the file itself, by tifffile's ome_metadata or imagej_metadata and XResolution; or
#   convert by the reader's class: micrometres from bioio_tifffile, the unit in the metadata from bioio_ome_tiff.
# Known: https://github.com/NEUBIAS/training-resources/issues/746 asks about nanometres and is answered by an ImageJ
#   TIFF alone.
# Output:
#   bioio 3.6.0 bioio-tifffile 1.3.1 bioio-ome-tiff 1.4.0
#   file              in the file        bioio              its unit
#   ImageJ TIFF, nm   30 4 4             0.03 0.004 0.004   None
#   ImageJ TIFF, um   0.03 0.004 0.004   0.03 0.004 0.004   None
#   OME-TIFF, nm      30 4 4             30 4 4             None
#   OME-TIFF, um      0.03 0.004 0.004   0.03 0.004 0.004   None
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check bioio==3.6.0 bioio-tifffile==1.3.1 \
    bioio-ome-tiff==1.4.0 tifffile==2026.3.3 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
HOME=$work venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
import xml.etree.ElementTree as xml
from importlib.metadata import version

import numpy as np
import tifffile
from bioio import BioImage

stack = np.zeros((5, 6, 7), np.uint8)
SIZES = {"nm": (30, 4, 4), "um": (0.03, 0.004, 0.004)}


def write_imagej(name, unit):
    z, y, x = SIZES[unit]
    metadata = {"axes": "ZYX", "spacing": z, "unit": unit}
    tifffile.imwrite(name, stack, imagej=True, resolution=(1 / x, 1 / y), metadata=metadata)


def write_ome(name, unit):
    symbol = {"nm": "nm", "um": "\N{MICRO SIGN}m"}[unit]
    sizes = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", SIZES[unit])}
    units = {f"PhysicalSize{axis}Unit": symbol for axis in "ZYX"}
    tifffile.imwrite(name, stack, metadata={"axes": "ZYX", **sizes, **units})


def stored(name):
    with tifffile.TiffFile(name) as file:
        if file.is_ome:
            (pixels,) = xml.fromstring(file.ome_metadata).findall(".//{*}Pixels")
            return [float(pixels.get(f"PhysicalSize{axis}")) for axis in "ZYX"]
        tags = file.pages[0].tags
        inverse = [tags[tag].value for tag in ("YResolution", "XResolution")]
        return [file.imagej_metadata["spacing"], *(below / above for above, below in inverse)]


def words(numbers):
    return " ".join(f"{number:.4g}" for number in numbers)


packages = ("bioio", "bioio-tifffile", "bioio-ome-tiff")
print(*(word for package in packages for word in (package, version(package))))
print(f"{'file':17} {'in the file':18} {'bioio':18} its unit")
seen = {}
for kind, write, ending in (("ImageJ TIFF", write_imagej, ".tif"), ("OME-TIFF", write_ome, ".ome.tif")):
    for unit in SIZES:
        name = unit + ending
        write(name, unit)
        image = BioImage(name)
        sizes = image.physical_pixel_sizes
        units = {getattr(image.dimension_properties, axis).unit for axis in "ZYX"}
        scale = image.scale
        assert (scale.Z, scale.Y, scale.X) == tuple(sizes), "scale and physical_pixel_sizes differ"
        assert np.allclose(stored(name), SIZES[unit]), f"{name} holds {stored(name)}"
        print(f"{kind + ', ' + unit:17} {words(stored(name)):18} {words(sizes):18} {' '.join(map(str, units))}")
        assert units == {None}, f"{name} has a unit: {units}"
        seen[kind, unit] = sizes
assert np.allclose(seen["ImageJ TIFF", "nm"], SIZES["um"]), "ImageJ's nanometres are not converted"
assert np.allclose(seen["OME-TIFF", "nm"], SIZES["nm"]), "OME's nanometres are converted"
assert np.allclose([seen["ImageJ TIFF", "um"], seen["OME-TIFF", "um"]], SIZES["um"]), "micrometres differ"
PY
