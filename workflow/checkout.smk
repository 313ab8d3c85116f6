# The code of this checkout, also where another one is installed: `dvc exp run --temp` works in a copy of the project.
import os
import sys

sys.path.insert(0, os.getcwd())
os.environ.update(PYTHONPATH=os.pathsep.join([os.getcwd(), *filter(None, [os.environ.get("PYTHONPATH")])]))

from fusionnet.workflow.bytecode import check_by_text

check_by_text()
