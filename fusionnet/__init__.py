"""FusionNet and U-Net for electron-microscopy segmentation, reproducible from download to figure.

Quan, Hildebrand, Jeong: "FusionNet: A Deep Fully Residual Convolutional Neural Network for Image
Segmentation in Connectomics", arXiv 1612.05360; Frontiers in Computer Science 2021, doi 10.3389/fcomp.2021.613981.
"""

from fusionnet.arithmetic import be_calm

__version__ = "0.1.0"

be_calm()  # here, since it must come before torch is loaded
