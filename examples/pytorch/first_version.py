"""Writes a first version with random weights, to be trained: python3 first_version.py DIRECTORY"""

import sys

import torch

from model import Classifier, save_version

if len(sys.argv) != 2:
    sys.exit(__doc__)
torch.manual_seed(1)
save_version(sys.argv[1], Classifier(), {"configuration": "untrained", "images": 0, "epochs": 0})
