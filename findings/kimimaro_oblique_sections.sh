#!/usr/bin/env bash
# kimimaro and xs3d: with unequal voxels the section across an oblique neurite lies askew, its area up to twice as large
#
# Versions: kimimaro 5.8.5, xs3d 1.14.0, osteoid 0.7.4, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: xs3d.cross_sectional_area takes the plane's normal and the sides of a voxel, and gives nm2. The plane is
#   laid through the grid of voxels as if they were cubes, and only the area that was cut is measured in nm: a normal
#   in nm is perpendicular to another plane. kimimaro.cross_sectional_area takes the step from one vertex to the next,
#   in voxels, for that normal, which is further off still. Along an axis, and with equal sides, both are right. A tube
#   of radius 150 nm in voxels of 10 x 10 x 40 nm has 70,686 nm2; found are up to 2.1 times as much, depending on its
#   direction, as the plane that is in fact cut would have. The texts speak of a normal and of anisotropy, of no such
#   condition. Nothing warns, and no contact with the image's edge is reported.
# Harm: the areas say where a neurite widens, where two were merged, and what resistance it has. In serial sections
#   (40 to 45 nm by 4) every neurite that rises out of the plane is too thick by its slope, so that a bend looks like a
#   varicosity, and a mean over neurites by direction differs where they do not. Igneous calls it in its skeleton tasks.
# Instead: for xs3d multiply the direction in nm by the voxel's sides, or that in voxels by their squares; kimimaro
#   needs a volume that was resampled to cubes first.
# Known: none found; https://github.com/seung-lab/kimimaro/pull/84 brought it in.
# Output:
#   kimimaro 5.8.5 xs3d 1.14.0
#   area in nm2, of a tube that has 70686
#   rise  kimimaro  xs3d, nm  xs3d, nm times sides
#      0     70800     70800     70800
#     30     77788     74986     72826
#     45     93331     84936     69367
#     60    118146     88241     69026
#     75    147687     84170     70177
#     90     70900     70200     70200
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check kimimaro==5.8.5 xs3d==1.14.0 osteoid==0.7.4 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import kimimaro
import numpy as np
import xs3d
from osteoid import Skeleton

print(*(f"{name} {version(name)}" for name in ("kimimaro", "xs3d")))
VOXEL = np.array([10, 10, 40], np.float32)
SHAPE, CENTRE, RADIUS = (200, 60, 50), np.array([100, 30, 25]), 150
TRUE = np.pi * RADIUS**2
places = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * VOXEL - CENTRE * VOXEL


def of_plane(normal, direction):
    """The area of the tube in the plane that has this normal where voxels are cubes."""
    in_nm = normal / VOXEL
    return TRUE * np.linalg.norm(in_nm) / abs(in_nm @ direction)


print(f"area in nm2, of a tube that has {TRUE:.0f}")
print("rise  kimimaro  xs3d, nm  xs3d, nm times sides")
for degrees in (0, 30, 45, 60, 75, 90):
    direction = np.array([np.cos(np.radians(degrees)), 0, np.sin(np.radians(degrees))])
    along = places @ direction
    tube = np.asfortranarray((places**2).sum(axis=-1) - along**2 <= RADIUS**2)
    points = np.round(CENTRE + np.arange(-400, 401, 20)[:, None] * direction / VOXEL)
    points = np.unique(points, axis=0) * VOXEL
    points = points[np.argsort(points @ direction)]
    edges = np.stack([np.arange(len(points) - 1), np.arange(1, len(points))], axis=1)
    skeleton = Skeleton(points.astype(np.float32), edges.astype(np.uint32), space="physical")
    skeleton.id = 1
    kimimaro.cross_sectional_area(tube.astype(np.uint8), {1: skeleton}, VOXEL, smoothing_window=9, in_place=True)
    assert not skeleton.cross_sectional_area_contacts[8:-8].any(), "a section touches the edge of the image"
    found = [float(np.median(skeleton.cross_sectional_area[8:-8]))]
    normals = (direction, direction * VOXEL)
    found += [xs3d.cross_sectional_area(tube, CENTRE, normal, VOXEL) for normal in normals]
    print(f"{degrees:4} {found[0]:9.0f} {found[1]:9.0f} {found[2]:9.0f}")
    for area, normal in zip(found, (direction / VOXEL, *normals), strict=True):
        assert abs(area / of_plane(normal, direction) - 1) < 0.06, "the section lies otherwise than described"
PY
