"""The one way a kernel is run: as plain Python on little data, compiled on anything larger.

Loading numba and its cache takes a second, compiling for the first time ten: a small tenant is answered before that.
Both ways run the same source, and a test holds them equal. Compiled code is cached on disk where that is possible;
`cache=True` raises when the package is read-only and there is no writable home, and reading somebody's permissions
must not fail for that.
"""

import os

import numpy as np

#: elements in all arrays of a call, above which compiled code pays
SMALL = 30_000
#: set to "compiled" or "plain" to have it always so
ALWAYS = "ACL_GRAPH_KERNELS"


#: every kernel of the program
KERNELS = []


class Kernel:
    """A function on arrays; calling it chooses how to run it."""

    def __init__(self, function):
        self.plain = function
        self._compiled = None
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        KERNELS.append(self)

    def compiled(self):
        """The compiled function, without the GIL; made on first use."""
        if self._compiled is None:
            from numba import njit

            try:
                self._compiled = njit(cache=True, nogil=True)(self.plain)
            except RuntimeError:
                self._compiled = njit(nogil=True)(self.plain)
        return self._compiled

    def made_anew(self):
        """Whether machine code is made, or was, that no cache held."""
        return self._compiled is not None and bool(self._compiled.stats.cache_misses)

    def __call__(self, *arguments):
        way = os.environ.get(ALWAYS, "")
        size = sum(part.size for part in arguments if isinstance(part, np.ndarray))
        if way == "plain" or (way != "compiled" and self._compiled is None and size <= SMALL):
            with np.errstate(over="ignore"):  # hashes wrap around on purpose
                return self.plain(*arguments)
        return self.compiled()(*arguments)


def compiled(function):
    """Make a kernel of a function."""
    return Kernel(function)
