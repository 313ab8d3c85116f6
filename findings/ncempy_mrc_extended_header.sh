#!/usr/bin/env bash
# ncempy takes any extended header of an MRC file for FEI's old one: sections of 30 nm become 1 A, 4 nm become 1e-28 A
#
# Versions: ncempy 1.16, mrcfile 1.5.4, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: an MRC file may hold more text or numbers between header and data. Its header says how many bytes these
#   are, and in four letters what they are: SERI of SerialEM, CCP4 for symmetry, FEI1 and FEI2 for today's files of
#   Thermo Fisher. ncempy looks at the number of bytes alone. Whenever there are any, it takes them for the table of FEI
#   tomography of before 2014, sets the size along z to 1 and those along y and x to the twelfth number, if that is not
#   0, whatever the main header says; tilt angles and magnification come from there too. mrcfile finds each of these
#   files valid and reads the sizes of the main header, as SimpleITK and RosettaSciIO do (tried, not run here). The
#   data are right.
# Harm: the section thickness of a stack is lost wherever an instrument or IMOD left such a header: 1 A instead of
#   30 nm, which looks like a size, while y and x may be right beside it. What is made from it, an EMD file, a volume in
#   nm3, a picture with a scale bar, is off by 300. For SERI and CCP4 all three are nonsense. No warning.
# Instead: take the sizes from mrcfile.open(path).voxel_size.
# Known: none found; https://github.com/ccpem/mrcfile/issues/11 tells the old FEI header from the later ones.
# Output:
#   ncempy 1.16 mrcfile 1.5.4
#   header  mrcfile, A           ncempy, A
#   none    300 40 40            300 40 40
#   CCP4    300 40 40            1 1.35632e-09 1.35632e-09
#   SERI    300 40 40            1 1.12959e-28 1.12959e-28
#   FEI1    300 40 40            1 40 40
#   FEI2    300 40 40            1 40 40
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check ncempy==1.16 mrcfile==1.5.4 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import mrcfile
import numpy as np
from mrcfile.dtypes import get_ext_header_dtype
from ncempy.io.mrc import mrcReader

print(*(f"{name} {version(name)}" for name in ("ncempy", "mrcfile")))
volume = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)


def of_thermo_fisher(kind):
    table = np.zeros(len(volume), get_ext_header_dtype(kind, "<"))
    table["Metadata size"], table["Metadata version"] = table.itemsize, int(kind[3:])
    table["Pixel size X"] = table["Pixel size Y"] = 4e-9
    return table


headers = {
    "none": None,
    "CCP4": np.frombuffer(b"X,  Y,  Z".ljust(80), "V80"),
    "SERI": np.frombuffer(np.arange(100, 132, dtype="<i2").tobytes(), "V64"),
    "FEI1": of_thermo_fisher(b"FEI1"),
    "FEI2": of_thermo_fisher(b"FEI2"),
}
print(f"{'header':7} {'mrcfile, A':20} ncempy, A")
for kind, table in headers.items():
    with mrcfile.new("volume.mrc", overwrite=True) as file:
        file.set_data(volume)
        file.voxel_size = (40, 40, 300)
        if table is not None:
            file.set_extended_header(table)
            file.header.exttyp = kind.encode()
    with open("validation.txt", "w") as text:
        assert mrcfile.validate("volume.mrc", print_file=text), open("validation.txt").read()
    with mrcfile.open("volume.mrc") as file:
        true = list(file.voxel_size.tolist()[::-1])
    read = mrcReader("volume.mrc")
    assert np.array_equal(read["data"], volume), "the data are read wrongly too"
    found = read["voxelSize"].tolist()
    print(f"{kind:7} {' '.join(f'{size:g}' for size in true):20}", *(f"{size:g}" for size in found))
    assert true == [300, 40, 40]
    if table is None:
        assert found == true, "ncempy misreads a file without an extended header too"
    else:
        assert found[0] == 1, f"ncempy finds the section thickness beside {kind}"
        assert (found[1:] == true[1:]) == kind.startswith("FEI"), f"other sizes within a section beside {kind}"
PY
