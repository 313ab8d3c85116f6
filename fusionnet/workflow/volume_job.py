"""What `workflow/volume.smk` needs to know to have one volume predicted by many jobs."""

import shlex
from pathlib import Path
from typing import Literal

from pydantic import PositiveInt

from fusionnet.config.schema import Section
from fusionnet.volumes.hdf5 import file_of


class VolumeJob(Section):
    """The keys of its ``--config``."""

    checkpoint: str
    volume: str
    probabilities: str
    deviation: str | None = None
    parts: PositiveInt = 8
    output_type: Literal["float32", "uint8"] = "float32"
    slices: str | None = None

    @property
    def inputs(self) -> list[str]:
        """Files and folders that are read; of ``file.h5:key`` the file."""
        return [self.checkpoint, str(file_of(self.volume))]

    @property
    def results(self) -> list[str]:
        """Files and folders that are written."""
        return [str(file_of(name)) for name in (self.probabilities, self.deviation) if name]

    @property
    def folder(self) -> str:
        """Where the parts lie until they are gathered."""
        return f"{file_of(self.probabilities)}.parts"

    def options(self, gathers: bool) -> str:
        """Return the options that predict.py (or gather.py) takes from here, quoted for the shell."""
        named = {"--deviation": self.deviation}
        named |= {"--output-type": self.output_type} if gathers else {"--slices": self.slices}
        return " ".join(f"{option} {shlex.quote(str(value))}" for option, value in named.items() if value is not None)

    @property
    def log(self) -> str:
        """Folder of the logs."""
        return f"logs/volumes/{Path(self.results[0]).name}"
