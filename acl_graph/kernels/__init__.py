"""The fast code, and only here. Each file is self-contained: numpy, numba and the decorator, nothing else.

No compiled function calls a compiled function of another file: with a disk cache the caller would go on running the
helper's old machine code after an upgrade, and a wrong access answer is the worst thing this program can do.
"""
