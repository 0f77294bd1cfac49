"""Prints how far PyTorch's sums of many terms are from the exact ones, for the table in tests/Cv.Tests/LongSumTests.fs.

    python3 benchmarks/long_sums_torch.py

The numbers come of a hash, so both sides have the same. An error is the largest difference of a result's elements, divided by its largest element.
It needs Debian's packages: apt-get install python3-torch libopenblas0-pthread
"""

import os

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import numpy as np
import torch

torch.set_num_threads(1)


def bits(seed, n):
    i = np.arange(n, dtype=np.uint32)
    h = (i + np.uint32(1)) * np.uint32(2654435761) + np.uint32(seed * 40503 % 2**32)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
    return (h ^ (h >> np.uint32(13))) >> np.uint32(8)


def data(kind, seed, *dims):
    n = int(np.prod(dims))
    if kind == "tenths":
        values = np.full(n, 0.1, np.float32)
    else:
        values = bits(seed, n).astype(np.float32) / np.float32(16777216)
        if kind == "signed":
            values = np.float32(2) * values - np.float32(1)
    return torch.from_numpy(values.reshape(dims))


def images(x):
    return x.permute(0, 3, 1, 2)


def filters_gradient(x, dy, size, padding=0, groups=1):
    xs, dys = images(x), images(dy)
    shape = (dy.shape[3], x.shape[3] // groups, size, size)
    return torch.nn.grad.conv2d_weight(xs, shape, dys, padding=padding, groups=groups)


def convolution(x, w):
    return torch.nn.functional.conv2d(images(x), w.permute(3, 2, 0, 1))


def clipped(x):
    for low, high in ((0.0625, 0.875), (0.078125, 0.75), (0.09375, 0.6875)):
        x = x.clamp(low, high)
    return x


CASES = {
    "a column by itself, 100000": ([(100000, 1)], lambda x: x.T @ x),
    "a column by itself, 1000000": ([(1000000, 1)], lambda x: x.T @ x),
    "a column by itself, 10000000": ([(10000000, 1)], lambda x: x.T @ x),
    "a row by a column, 1000000": ([(1, 1000000), (1000000, 1)], lambda x, y: x @ y),
    "a dense layer's gradient, 100000": ([(100000, 10), (100000, 8)], lambda x, y: x.T @ y),
    "a dense layer's gradient, 1000000": ([(1000000, 10), (1000000, 8)], lambda x, y: x.T @ y),
    "a wide layer's gradient, 100000": ([(100000, 70), (100000, 33)], lambda x, y: x.T @ y),
    "a narrow layer's gradient, 100000": ([(100000, 70), (100000, 10)], lambda x, y: x.T @ y),
    "a batch of products, 100000": ([(2, 3, 100000), (2, 100000, 5)], lambda x, y: x @ y),
    "a sum, 100000": ([(100000,)], lambda x: x.sum()),
    "a sum, 1000000": ([(1000000,)], lambda x: x.sum()),
    "a sum, 10000000": ([(10000000,)], lambda x: x.sum()),
    "a mean, 1000000": ([(1000000,)], lambda x: x.mean()),
    "sums of columns, 100000": ([(100000, 4)], lambda x: x.sum(0)),
    "sums of columns, 1000000": ([(1000000, 4)], lambda x: x.sum(0)),
    "sums of wide columns, 100000": ([(100000, 67)], lambda x: x.sum(0)),
    "sums of very wide columns, 5000": ([(5000, 2100)], lambda x: x.sum(0)),
    "sums of a chain's columns, 100000": ([(100000, 67)], lambda x: clipped(x).sum(0)),
    "sums of rows, 100000": ([(5, 100000)], lambda x: x.sum(1)),
    "sums of rows, 1000000": ([(5, 1000000)], lambda x: x.sum(1)),
    "sums over scattered axes, 120000": ([(300, 8, 400)], lambda x: x.sum((0, 2))),
    "sums of squares, 1000000": ([(1000000,)], lambda x: (x * x).sum()),
    "a variance, 100000": ([(100000,)], lambda x: x.var(unbiased=False)),
    "a variance, 1000000": ([(1000000,)], lambda x: x.var(unbiased=False)),
    "variances of columns, 100000": ([(100000, 4)], lambda x: x.var(0, unbiased=False)),
    "a convolution, 125000": ([(1, 252, 252, 2), (250, 250, 2, 3)], convolution),
    "filters' gradient, 131072": ([(8, 128, 128, 4), (8, 128, 128, 8)], lambda x, y: filters_gradient(x, y, 3, 1)),
    "filters' gradient, 992016": ([(1, 998, 998, 1), (1, 996, 996, 2)], lambda x, y: filters_gradient(x, y, 3)),
    "gradient of filters of one pixel, 1000000": ([(4, 500, 500, 2), (4, 500, 500, 3)], lambda x, y: filters_gradient(x, y, 1)),
    "gradient of filters by channel, 131072": ([(8, 128, 128, 5), (8, 128, 128, 5)], lambda x, y: filters_gradient(x, y, 3, 1, 5)),
    "averages of windows, 102400": ([(1, 322, 321, 3)], lambda x: torch.nn.functional.avg_pool2d(images(x), 320, stride=1)),
}

if __name__ == "__main__":
    print(f"// PyTorch {torch.__version__}, one thread, {torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, 'cpu') else 'CPU'}")
    for name, (shapes, of) in CASES.items():
        for kind in ("tenths", "uniform", "signed"):
            if kind == "tenths" and "variance" in name:
                continue
            operands = [data(kind, seed + 1, *dims) for seed, dims in enumerate(shapes)]
            found, exact = of(*operands).double(), of(*[x.double() for x in operands])
            print(f'    "{name}", "{kind}", {((found - exact).abs().max() / exact.abs().max()).item():.1e}', flush=True)
