#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The vectors of vault/FORMAT.md.

    vectors.py [FOLDER]          write them (to tests/vectors)
    vectors.py --check FILE...   read them with vaultread.py, answer in TAP
    vectors.py --body FILE       print the vault in a vector

Their form is told in vectorfile.py.  To add one: put a vec() at the END of its
rule's block in vectors_outer.py (chapters 2 to 5) or vectors_inner.py (6 to 9;
numbers follow from the order, and others may quote them), run this, and commit
the new file with the change.  One fault a file: hooks of vaultmake.py break one
step and everything after it is computed anew.  For each vector that must be
refused, vec() checks that the file would be good if its rule did not exist;
where that cannot be, say why in 'besides'.
"""

import os
import sys

import vectorfile
import vectors_inner
import vectors_outer


def check(paths):
    """TAP; returns how many failed."""
    failed = 0
    print("1..%d" % len(paths))
    for i, path in enumerate(paths, 1):
        lines, raw, size = vectorfile.load(path)
        wrong = list(vectorfile.differences(
            lines, vectorfile.read(raw, lines, size)))
        failed += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", i,
                                os.path.basename(path)))
        for w in wrong:
            print("# " + w)
    return failed


def write(folder):
    vectors_outer.declare()
    vectors_inner.declare()
    for name, data in vectorfile.vectors.items():
        with open(os.path.join(folder, name + ".vec"), "wb") as f:
            f.write(data)


def main(args):
    if args[:1] == ["--check"]:
        return 1 if check(args[1:]) else 0
    if args[:1] == ["--body"]:
        _, raw, size = vectorfile.load(args[1])
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.write(bytes((size or len(raw)) - len(raw)))
        return 0
    here = os.path.dirname(os.path.abspath(__file__))
    write(args[0] if args else os.path.join(here, "..", "vectors"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
