"""Compiled kernels: plain arrays in, plain arrays out.

Every kernel takes its arrays in one canonical form (``uint8`` codes, ``int64`` offsets and sizes, ``float64``
C-contiguous output that the caller has zeroed), so that it is compiled once.  A code equal to the number of
symbols (or above) is an unknown letter.
"""
