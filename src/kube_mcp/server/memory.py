"""How this process holds memory: a large list comes in bursts of small objects and big buffers."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

# From <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

#: A page of a list is a few MiB. Left alone, glibc learns from the first one freed to keep such
#: blocks on the heap, where the objects made meanwhile stand in the way of giving them back.
_OWN_MAPPING_BYTES = 1024 * 1024


def settle() -> None:
    """Set what is best set once, when everything is imported and before anything is served."""
    _collect_less_often()
    if sys.platform == "linux":
        # Another C library has no mallopt, or one that ignores it: either is fine.
        with contextlib.suppress(OSError, AttributeError):
            _give_back()


def _collect_less_often() -> None:
    """Look for garbage in cycles after 50,000 new objects, not after 700 (or 2,000).

    Decoding a list makes hundreds of thousands of dicts and never a cycle; at the usual rate the
    search takes longer than the decoding. Everything else is freed at once, as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _give_back() -> None:
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _OWN_MAPPING_BYTES)
    mallopt(_M_ARENA_MAX, 2)
