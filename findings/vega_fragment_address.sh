#!/usr/bin/env bash
# vl-convert makes an address on vega.github.io of a chart's link into its own page
#
# Versions: vl-convert-python 1.9.0.post1
# Seen: 2026-11-28
# Behaviour: a mark whose `href` is a fragment, "#part", or a relative file, "table.csv", is written into the SVG as a
#   link to https://vega.github.io/vega-datasets/#part and .../table.csv: the converter's loader has that site as its
#   base for data, and a link is put behind the same base. The same specification in a browser links into the page.
# Harm: a report that is to open offline leads its readers to a foreign site, which learns of them, and to an error
#   there; nothing says so when the chart is drawn.
# Documentation: Vega's `baseURL` of a loader is described for data; that of vl-convert is an option for data too.
# Instead: take the base off again in the SVG, as fusionnet/report/page/vega.py does.
# Output:
#   vl-convert-python 1.9.0.post1
#   #part -> https://vega.github.io/vega-datasets/#part
#   table.csv -> https://vega.github.io/vega-datasets/table.csv
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check vl-convert-python==1.9.0.post1 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import re
from importlib.metadata import version

import vl_convert

print("vl-convert-python", version("vl-convert-python"))
for link in ("#part", "table.csv"):
    chart = {
        "data": {"values": [{"x": 1, "go": link}]},
        "mark": "point",
        "encoding": {"x": {"field": "x", "type": "quantitative"}, "href": {"field": "go", "type": "nominal"}},
    }
    (written,) = re.findall(r'href="([^"]*)"', vl_convert.vegalite_to_svg(chart))
    print(link, "->", written)
    assert written == f"https://vega.github.io/vega-datasets/{link}", "links are written otherwise now"
PY
