#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Copy standard input to standard output in pieces of odd sizes: odd.py SEED.
Most are small, so that packets of few blocks are among them, and some are above
the largest packet."""
import os, random, sys

sizes = random.Random(int(sys.argv[1]))
while True:
    data = os.read(0, 1 << 17)
    if not data:
        break
    while data:
        most = sizes.choice((1, 40, 400, 33000, 70000))
        n = os.write(1, data[:sizes.randint(1, most)])
        data = data[n:]
