"""Run a program after ``torch.manual_seed(0)``: ``penlight run seeded.py program.py``."""

from __future__ import annotations

import runpy
import sys

import torch

torch.manual_seed(0)
runpy.run_path(sys.argv[1], run_name="__main__")
