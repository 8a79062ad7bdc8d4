"""What GPUs are doing, asked of NVIDIA's driver by its own library: no program is started for it.

NVML: https://docs.nvidia.com/deploy/nvml-api/ (nvmlInit_v2, nvmlDeviceGetHandleByIndex_v2,
nvmlDeviceGetUtilizationRates, nvmlDeviceGetMemoryInfo). It comes with the driver, as `nvidia-smi` does.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence

LIBRARY = "libnvidia-ml.so.1"
_SUCCESS = 0


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Gpus:
    """The machine's GPUs.

    Args:
        library: NVML, or what answers like it; None where there is none.
    """

    def __init__(self, library: ctypes.CDLL | None) -> None:
        self._library = library

    @classmethod
    @functools.cache
    def find(cls) -> Gpus:
        """Those of this machine; asked for once."""
        try:
            library = ctypes.CDLL(LIBRARY)
            return cls(library if library.nvmlInit_v2() == _SUCCESS else None)
        except (OSError, AttributeError):
            return cls(None)

    def use(self, indices: Sequence[int]) -> tuple[float | None, int | None]:
        """GPUs in use (each from 0 to 1, together) and bytes in use on them; None for what the driver does not tell.

        Args:
            indices: Which ones, as `nvidia-smi` numbers them.
        """
        if self._library is None or not indices:
            return None, None
        handles = [handle for index in indices if (handle := self._handle(index)) is not None]
        # A GPU that is divided (MIG) does not say how busy it is.
        busy = [rate for handle in handles if (rate := self._busy(handle)) is not None]
        memory = [size for handle in handles if (size := self._memory(handle)) is not None]
        return (sum(busy) if busy else None), (sum(memory) if memory else None)

    def _handle(self, index: int) -> ctypes.c_void_p | None:
        handle = ctypes.c_void_p()
        return handle if self._ask("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), handle) else None

    def _busy(self, handle: ctypes.c_void_p) -> float | None:
        found = _Utilization()
        return found.gpu / 100 if self._ask("nvmlDeviceGetUtilizationRates", handle, found) else None

    def _memory(self, handle: ctypes.c_void_p) -> int | None:
        found = _Memory()
        return int(found.used) if self._ask("nvmlDeviceGetMemoryInfo", handle, found) else None

    def _ask(self, name: str, what: ctypes.c_uint | ctypes.c_void_p, found: ctypes.c_void_p | ctypes.Structure) -> bool:
        function = getattr(self._library, name, None)
        return function is not None and function(what, ctypes.byref(found)) == _SUCCESS
