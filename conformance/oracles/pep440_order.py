"""Reads lines of two versions with a tab between them; prints how PyPA's packaging orders each."""
import sys

from packaging.version import InvalidVersion, Version

sys.set_int_max_str_digits(0)
for line in sys.stdin:
    try:
        a, b = map(Version, line.rstrip("\n").split("\t"))
        print((a > b) - (a < b))
    except InvalidVersion:
        print("!")
