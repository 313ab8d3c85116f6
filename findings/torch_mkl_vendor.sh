#!/usr/bin/env bash
# torch's limits on vector instructions do not reach MKL, which computes 1 x 1 convolutions otherwise for each maker
#
# Versions: torch 2.13.0 (CPU build, MKL 2024.2, oneDNN 3.12.0), numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: sums in float32 depend on the width of the vectors. For the same bits on every x86-64 processor one limits both
#   libraries that torch names: ATEN_CPU_CAPABILITY=avx2 and ONEDNN_MAX_CPU_ISA=AVX2. Under these limits convolutions of
#   3 x 3 do have the same bits. One of 1 x 1, the last layer of most segmentation networks, is handed to a third library
#   on one thread and for fewer than 16 images: MKL, which heeds neither. MKL asks the processor for its maker: on GenuineIntel it takes AVX-512 where there is some,
#   AVX2 with MKL_ENABLE_INSTRUCTIONS=AVX2, on any other maker kernels of its own choice, which that variable does not
#   change, and for which MKL_CBWR=AVX2 means COMPATIBLE. Outputs and gradients of the weights differ from the first step on;
#   after a training of U-Net V_rand differs by 0.0045. MKL_CBWR=COMPATIBLE gives the same bits for both makers.
# Here: the answer that MKL gets about the maker is replaced by "Intel" in a second process, which stands for such a
#   processor. QEMU's Haswell, and its EPYC with Intel's name, have the bits of the last column (tried, not run here).
# Harm: a network that is trained "with the same bits everywhere" has them on processors of one maker and width.
# Instead: set MKL_CBWR=COMPATIBLE as well, before torch computes anything; it costs speed in matrix products.
# Known: that MKL goes by the maker is (MKL's manual says that optimisations may be for Intel alone); that torch's limits
#   leave it out was not found.
# Output, on an AMD EPYC with AVX-512 (an Intel with AVX2 alone has the last column twice):
#   torch 2.13.0, under ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2
#                              this maker   as Intel, AVX2
#   3 x 3                      76c0bb0c     76c0bb0c
#   1 x 1                      7f581022     6420e24d
#   1 x 1, MKL_CBWR=COMPATIBLE 7f581022     7f581022
set -euo pipefail
command -v gcc >/dev/null || { echo "needs gcc, for one function of one line"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
echo 'int mkl_serv_intel_cpu_true(void) { return 1; } int mkl_serv_intel_cpu(void) { return 1; }' >maker.c
gcc -shared -fPIC -o intel.so maker.c
cat >convolve.py <<'PY'
import hashlib
import sys

import torch

torch.set_num_threads(1)
side = int(sys.argv[1])
generator = torch.Generator().manual_seed(0)
layer = torch.nn.Conv2d(8, 1, side, padding=side // 2, bias=False)
with torch.no_grad():
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * 0.1)
    found = layer(torch.randn(2, 8, 128, 128, generator=generator))
print(hashlib.md5(found.numpy().tobytes()).hexdigest()[:8])
PY
export ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2
here() { env "$@" venv/bin/python convolve.py "$side"; }
as_intel() { env "$@" MKL_ENABLE_INSTRUCTIONS=AVX2 LD_PRELOAD="$work/intel.so" venv/bin/python convolve.py "$side"; }
echo "torch 2.13.0, under ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2"
printf '%-26s %-12s %s\n' "" "this maker" "as Intel, AVX2"
for side in 3 1; do
    one=$(here MAKER=as-it-is) other=$(as_intel MAKER=as-it-is)
    printf '%-26s %-12s %s\n' "$side x $side" "$one" "$other"
    if [ "$side" = 3 ]; then
        [ "$one" = "$other" ] || { echo "3 x 3 goes by the maker too"; exit 1; }
    fi
done
compatible=$(here MKL_CBWR=COMPATIBLE) compatible_intel=$(as_intel MKL_CBWR=COMPATIBLE)
printf '%-26s %-12s %s\n' "1 x 1, MKL_CBWR=COMPATIBLE" "$compatible" "$compatible_intel"
[ "$compatible" = "$compatible_intel" ] || { echo "MKL_CBWR=COMPATIBLE no longer gives the same bits"; exit 1; }
[ "$compatible" != "$other" ] || { echo "MKL no longer computes 1 x 1 otherwise"; exit 1; }
grep -q GenuineIntel /proc/cpuinfo || [ "$one" != "$other" ] || { echo "the maker makes no difference any more"; exit 1; }
