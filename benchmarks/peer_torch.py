#!/usr/bin/python3
"""Times PyTorch on one training step (forward, backward, parameter update) of each workload.

Usage: peer_torch.py [THREADS] [WORKLOAD...]    time these workloads (all of them if none is named; 2 threads)
       peer_torch.py --list                     name the workloads

Prints one JSON object a line: {"workload", "system", "threads", "ms_min", "ms_median", "steps"}.
Needs Debian's python3-torch and libopenblas0-pthread; exits with 2 where one is missing.
"""
import copy
import json
import os
import statistics
import sys
import time
from pathlib import Path

LISTING = sys.argv[1:] == ["--list"]
THREADS = int(sys.argv[1]) if len(sys.argv) > 1 and not LISTING else 2
WARM_UP_STEPS = 5
# Steps between returns to the first state. Long training on one batch leaves subnormal moments, which slow a processor down, and the
# faster program would meet them sooner.
STEPS_OF_TRAINING = 250
SECONDS = 2.0  # of timed steps a workload
PACKAGES = "PyTorch with OpenBLAS is missing: apt-get install python3-torch libopenblas0-pthread"


def refuse(message):
    print(message, file=sys.stderr)
    sys.exit(2)


# What follows is read once, when PyTorch is loaded. ATen's AVX-512 kernels have to be asked for, and a CPU without AVX-512 dies of an
# illegal instruction if they are; left alone, ATen takes the best of the others. OpenMP's threads spin while they wait unless told
# not to, and keep OpenBLAS's threads, which are others, from the cores: on a busy machine of two cores a step of a few milliseconds
# then takes a hundred and more.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")
try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    refuse(PACKAGES)
# Debian's PyTorch multiplies with whichever BLAS is installed, and the reference BLAS would be no peer
if "BLAS_INFO=generic" in torch.__config__.show() and "openblas" not in Path("/proc/self/maps").read_text():
    refuse(PACKAGES)


def svm(scores, labels):
    """The multiclass SVM loss of Weston and Watkins, margin 1."""
    margins = (scores - scores.gather(1, labels[:, None]) + 1).clamp(min=0)
    return margins.scatter(1, labels[:, None], 0.0).sum(1).mean()


def mlp(*widths):
    """Linear layers of these widths, with a ReLU between each two."""
    layers = [layer for i, o in zip(widths, widths[1:]) for layer in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=1e-3)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


# name: (model, shape of one batch, loss, optimiser); each has 10 classes
WORKLOADS = {
    "softmax-linear-256x3072": (lambda: nn.Linear(3072, 10), (256, 3072), F.cross_entropy, sgd),
    "svm-linear-256x3072": (lambda: nn.Linear(3072, 10), (256, 3072), svm, sgd),
    "mlp-784-256-256-10-b128": (lambda: mlp(784, 256, 256, 10), (128, 784), F.cross_entropy, adam),
    "mlp-small-b32": (lambda: mlp(64, 128, 128, 10), (32, 64), F.cross_entropy, adam),
}


def measure(name):
    make_model, shape, loss, make_optimiser = WORKLOADS[name]
    model = make_model()
    optimiser = make_optimiser(list(model.parameters()))
    first = copy.deepcopy(model.state_dict())
    images, labels = torch.rand(shape), torch.randint(0, 10, shape[:1])

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss(model(images), labels).backward()
        optimiser.step()

    for _ in range(WARM_UP_STEPS):
        step()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < 5 or time.perf_counter() < end:
        if len(times) % STEPS_OF_TRAINING == 0:
            model.load_state_dict(first)
            optimiser = make_optimiser(list(model.parameters()))
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return {
        "workload": name,
        "system": "pytorch-" + torch.__version__,
        "threads": THREADS,
        "ms_min": round(min(times), 4),
        "ms_median": round(statistics.median(times), 4),
        "steps": len(times),
    }


def main():
    if LISTING:
        print(*WORKLOADS, sep="\n")
        return
    names = sys.argv[2:] or list(WORKLOADS)
    for name in names:
        if name not in WORKLOADS:
            refuse(f"no workload {name}; there are {', '.join(WORKLOADS)}")
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    for name in names:
        print(json.dumps(measure(name)), flush=True)


if __name__ == "__main__":
    main()
