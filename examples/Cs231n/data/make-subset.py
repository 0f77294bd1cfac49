#!/usr/bin/python3
"""Cuts the small Fashion-MNIST of this folder out of the full one.

Usage: make-subset.py PACKAGE_FOLDER OUTPUT_FOLDER

PACKAGE_FOLDER holds the four full IDX files, gzipped (Debian's dataset-fashion-mnist puts them in
/usr/share/datasets/fashion-mnist). The first 10,000 training and the first 2,000 test examples are
kept in their order. The same input gives the same bytes: `gzip -9n` stores neither name nor time.
Needs Python 3's standard library and gzip.
"""
import gzip
import struct
import subprocess
import sys
from pathlib import Path

KEEP = {"train": 10_000, "t10k": 2_000}
KINDS = ["images-idx3-ubyte", "labels-idx1-ubyte"]


def cut(data: bytes, keep: int) -> bytes:
    """The IDX file of unsigned bytes `data` with only its first `keep` items."""
    zero, element_type, rank = struct.unpack_from(">HBB", data)
    if zero != 0 or element_type != 8 or rank < 1:
        raise ValueError("not an IDX file of unsigned bytes")
    count, *item_shape = struct.unpack_from(f">{rank}I", data, 4)
    header = 4 + 4 * rank
    item = 1
    for extent in item_shape:
        item *= extent
    if len(data) != header + count * item:
        raise ValueError(f"{len(data)} bytes where the header promises {header + count * item}")
    if count < keep:
        raise ValueError(f"{count} items, fewer than the {keep} to keep")
    return data[:4] + struct.pack(f">{rank}I", keep, *item_shape) + data[header:header + keep * item]


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: make-subset.py PACKAGE_FOLDER OUTPUT_FOLDER")
    source, target = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for part, keep in KEEP.items():
        for kind in KINDS:
            name = f"{part}-{kind}.gz"
            subset = cut(gzip.decompress((source / name).read_bytes()), keep)
            packed = subprocess.run(["gzip", "-9n"], input=subset, stdout=subprocess.PIPE, check=True).stdout
            (target / name).write_bytes(packed)
            print(f"{name}: {keep} items, {len(packed)} bytes")


if __name__ == "__main__":
    main()
