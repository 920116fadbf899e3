"""The one way a kernel is compiled: cached on disk where that is possible, without a cache where it is not.

`cache=True` raises at import when the package is read-only and there is no writable home; reading somebody's
permissions must not fail for that.
"""

from numba import njit


def compiled(function):
    """Compile `function` with numba, without the GIL; fall back to no disk cache where there is no place for one."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
