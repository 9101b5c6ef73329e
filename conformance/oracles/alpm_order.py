"""Reads lines of two versions with a tab between them; prints how libalpm (vercmp of pacman) orders each."""
import ctypes
import ctypes.util
import sys

alpm = ctypes.CDLL(ctypes.util.find_library("alpm"))
for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    order = alpm.alpm_pkg_vercmp(a.encode(), b.encode())
    print((order > 0) - (order < 0))
