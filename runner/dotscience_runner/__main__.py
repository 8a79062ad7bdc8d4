"""``python -m dotscience_runner`` is ``dotscience-runner``."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
