#!/usr/bin/env bash
# SimpleITK turns a NIfTI file's micrometres into millimetres, but not an NRRD file's; TorchIO follows, MONAI does not
#
# Versions: SimpleITK 2.5.7, torchio 1.2.1, monai 1.6.1, nibabel 5.4.2, pynrrd 1.1.3, torch 2.13.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: NIfTI and NRRD both can say that their sizes are in micrometres. SimpleITK converts the one (4 becomes
#   0.004) and passes over the other (4 stays 4); an image has no unit there, only numbers. TorchIO reads by SimpleITK
#   and does the same. nibabel keeps number and unit; MONAI, which reads by nibabel, keeps the number alone. Without a
#   unit in the file all say 4. What SimpleITK saves as NIfTI has the unit "mm".
# Harm: the same voxels differ by a factor of 1000 between two formats in one library, and between two libraries in one
#   format. MONAI's Spacing((4, 4, 30)) leaves the volume below as it is, TorchIO's Resample((4, 4, 30)) leaves not a
#   voxel of it and says nothing; a distance or a volume is off by 10^3 or 10^9. A conversion from NRRD to NIfTI in
#   SimpleITK makes millimetres of micrometres for good.
# Instead: read the unit yourself (nibabel's get_xyzt_units, pynrrd's "space units") and set the spacing after reading;
#   keep the files without a unit only if all of them are.
# Known: https://github.com/ANTsX/ANTsPy/issues/514 for NRRD.
# Output:
#   simpleitk 2.5.7 torchio 1.2.1 monai 1.6.1 - voxels of 4 x 4 x 30 micrometres
#                      NIfTI, micron      NIfTI, no unit   NRRD, micrometer
#   file               4 4 30 micron      4 4 30 unknown   4 4 30 um
#   SimpleITK          0.004 0.004 0.03   4 4 30           4 4 30
#   TorchIO            0.004 0.004 0.03   4 4 30           4 4 30
#   MONAI              4 4 30             4 4 30           4 4 30
#   saved by SimpleITK 0.004 0.004 0.03 mm
#   NRRD to NIfTI by SimpleITK: 4 4 30 mm
#   5 x 4 x 3 voxels, resampled to 4 x 4 x 30: MONAI (5, 4, 3), TorchIO (0, 0, 0)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 SimpleITK==2.5.7 torchio==1.2.1 \
    monai==1.6.1 nibabel==5.4.2 pynrrd==1.1.3 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk
import torchio
from monai.transforms import LoadImage, Spacing

SIZE = (4, 4, 30)
voxels = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
for name, unit in (("micron.nii", "micron"), ("unitless.nii", "unknown")):
    image = nibabel.Nifti1Image(voxels, np.diag([*SIZE, 1.0]))
    image.header.set_xyzt_units(unit)
    image.to_filename(name)
directions = {"space": "right-anterior-superior", "space directions": np.diag(SIZE).astype(float)}
nrrd.write("micron.nrrd", voxels, {**directions, "space origin": np.zeros(3), "space units": ["um"] * 3})


def header(name):
    found = nibabel.load(name).header
    return f"{words(found.get_zooms())} {found.get_xyzt_units()[0]}"


def words(numbers):
    return " ".join(f"{float(number):.4g}" for number in numbers)


def of_nrrd(name):
    found = nrrd.read_header(name)
    return f"{words(np.diag(found['space directions']))} {found['space units'][0]}"


names = ("micron.nii", "unitless.nii", "micron.nrrd")
readers = {
    "file": lambda name: of_nrrd(name) if name.endswith("nrrd") else header(name),
    "SimpleITK": lambda name: words(sitk.ReadImage(name).GetSpacing()),
    "TorchIO": lambda name: words(torchio.ScalarImage(name).spacing),
    "MONAI": lambda name: words(LoadImage()(name).pixdim[:3]),
}
packages = ("simpleitk", "torchio", "monai")
print(*(word for package in packages for word in (package, version(package))), "- voxels of 4 x 4 x 30 micrometres")
print(f"{'':18} {'NIfTI, micron':18} {'NIfTI, no unit':16} NRRD, micrometer")
seen = {reader: [read(name) for name in names] for reader, read in readers.items()}
for reader, (micron, unitless, other) in seen.items():
    print(f"{reader:18} {micron:18} {unitless:16} {other}")
sitk.WriteImage(sitk.ReadImage("micron.nii"), "saved.nii")
sitk.WriteImage(sitk.ReadImage("micron.nrrd"), "converted.nii")
print("saved by SimpleITK", header("saved.nii"))
print("NRRD to NIfTI by SimpleITK:", header("converted.nii"))
by_monai = Spacing(SIZE)(LoadImage(ensure_channel_first=True)("micron.nii")).shape[1:]
by_torchio = torchio.Resample(SIZE)(torchio.ScalarImage("micron.nii")).shape[1:]
print(f"5 x 4 x 3 voxels, resampled to 4 x 4 x 30: MONAI {tuple(by_monai)}, TorchIO {tuple(by_torchio)}")
assert tuple(by_monai) == voxels.shape and max(by_torchio) <= 1, "both resample alike"
plain, small = words(SIZE), "0.004 0.004 0.03"
assert seen["SimpleITK"] == [small, plain, plain], "SimpleITK treats the two formats alike, or another way"
assert seen["TorchIO"] == seen["SimpleITK"], "TorchIO and SimpleITK differ"
assert seen["MONAI"] == [plain] * 3, "MONAI heeds the unit"
assert header("saved.nii") == f"{small} mm" and header("converted.nii") == f"{plain} mm", "it is saved otherwise"
PY
