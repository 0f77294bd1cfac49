#!/usr/bin/python3
"""Times PyTorch on one training step (forward, backward, parameter update) of each workload, and on convolutions.

Usage: peer_torch.py [THREADS] [WORKLOAD...]    time these workloads (all of them if none is named; 2 threads)
       peer_torch.py --list                     name the workloads
       peer_torch.py --serve THREADS            answer what the benchmark program asks, a line of JSON for a line of JSON

Prints one JSON object a line: {"workload", "system", "threads", "ms_min", "ms_median", "steps"}.
Needs Debian's python3-torch and libopenblas0-pthread; exits with 2 where one is missing.
"""
import copy
import json
import math
import os
import statistics
import sys
import time
from pathlib import Path

LISTING = sys.argv[1:] == ["--list"]
SERVING = sys.argv[1:2] == ["--serve"]
ARGUMENTS = sys.argv[2:] if SERVING else sys.argv[1:]
THREADS = int(ARGUMENTS[0]) if ARGUMENTS and not LISTING else 2
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


def convnetjs():
    """The CIFAR-10 demo network of ConvNetJS."""
    blocks = [(nn.Conv2d(i, o, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)) for i, o in [(3, 16), (16, 20), (20, 20)]]
    return nn.Sequential(*[layer for block in blocks for layer in block], nn.Flatten(), nn.Linear(320, 10))


def lenet5():
    """LeNet-5 as it is written today: ReLU, max pooling, padding in the first layer."""
    return nn.Sequential(
        *[nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()],
        *[nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)],
    )


def vgg_small():
    """Four layers of 3x3 filters, batch norm behind each, and two dense ones."""

    def block(i, o):
        return [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU()]

    return nn.Sequential(
        *[*block(3, 32), *block(32, 32), nn.MaxPool2d(2)],
        *[*block(32, 64), *block(64, 64), nn.MaxPool2d(2), nn.Flatten()],
        *[nn.Linear(64 * 8 * 8, 256), nn.ReLU(), nn.Linear(256, 10)],
    )


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=1e-3)


def momentum(parameters):
    return torch.optim.SGD(parameters, lr=1e-3, momentum=0.9)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


# name: (model, shape of one batch, loss, optimiser); each has 10 classes
WORKLOADS = {
    "softmax-linear-256x3072": (lambda: nn.Linear(3072, 10), (256, 3072), F.cross_entropy, sgd),
    "svm-linear-256x3072": (lambda: nn.Linear(3072, 10), (256, 3072), svm, sgd),
    "mlp-784-256-256-10-b128": (lambda: mlp(784, 256, 256, 10), (128, 784), F.cross_entropy, adam),
    "mlp-small-b32": (lambda: mlp(64, 128, 128, 10), (32, 64), F.cross_entropy, adam),
    "convnetjs-cifar-b64": (convnetjs, (64, 3, 32, 32), F.cross_entropy, momentum),
    "lenet5-mnist-b128": (lenet5, (128, 1, 28, 28), F.cross_entropy, adam),
    "vgg-small-cifar-b64": (vgg_small, (64, 3, 32, 32), F.cross_entropy, adam),
}


class Training:
    """A workload's model, optimiser and batch, ready to run."""

    def __init__(self, name):
        make_model, shape, self.loss, self.make_optimiser = WORKLOADS[name]
        self.model = make_model()
        self.images, self.labels = torch.rand(shape), torch.randint(0, 10, shape[:1])
        self.begin()

    def begin(self):
        """Takes the present weights for the first state."""
        self.first = copy.deepcopy(self.model.state_dict())
        self.reset()

    def reset(self):
        """Goes back to the first state."""
        self.model.load_state_dict(self.first)
        self.optimiser = self.make_optimiser(list(self.model.parameters()))

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.images), self.labels)
        loss.backward()
        self.optimiser.step()
        return loss

    def times(self, seconds):
        """Milliseconds of each of the steps that so many seconds hold, after a few that do not count."""
        for _ in range(WARM_UP_STEPS):
            self.step()
        times, end = [], time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            if len(times) % STEPS_OF_TRAINING == 0:
                self.reset()
            start = time.perf_counter()
            self.step()
            times.append((time.perf_counter() - start) * 1e3)
        return times

    def load(self, file, shape, parameters):
        """Takes images, labels and weights from a file of the other side, whose images and filters have their channels last."""
        data = memoryview(bytearray(Path(file).read_bytes()))

        def take(shape, dtype=torch.float32):
            nonlocal data
            count = math.prod(shape)
            taken = torch.frombuffer(data, dtype=dtype, count=count).reshape(shape)
            data = data[4 * count :]
            return taken

        images, labels = take(shape), take(shape[:1], torch.int32)
        self.images = channels_first(images)
        self.labels = labels.long()
        theirs = [take(shape) for shape in parameters]
        names = dict(self.model.named_parameters())
        if len(theirs) != len(names) or data:
            refuse(f"there are {len(names)} parameters here; got {len(theirs)}, and {len(data)} bytes too many")
        channels = 0  # of the last convolution
        with torch.no_grad():
            for (name, own), other in zip(names.items(), theirs):
                if other.dim() == 4 and own.dim() == 4:
                    other = other.permute(3, 2, 0, 1)
                    channels = own.shape[0]
                elif own.dim() == 2 and channels:
                    side = math.isqrt(own.shape[1] // channels)  # the first dense layer: its rows are pixels by channels
                    other = other.reshape(side, side, channels, -1).permute(3, 2, 0, 1).reshape(own.shape)
                    channels = 0
                elif own.dim() == 2:
                    other = other.t()
                if own.numel() != other.numel():
                    refuse(f"{name} has {own.numel()} numbers here; got {other.numel()}")
                own.copy_(other.reshape(own.shape))
        self.begin()


def channels_first(images):
    return images.permute(0, 3, 1, 2).contiguous() if images.dim() == 4 else images


def measure(name):
    times = Training(name).times(SECONDS)
    return {
        "workload": name,
        "system": SYSTEM,
        "threads": THREADS,
        "ms_min": round(min(times), 4),
        "ms_median": round(statistics.median(times), 4),
        "steps": len(times),
    }


class Convolution:
    """A convolution, forward and backward by images and filters, in whichever layout of images is the faster here."""

    def __init__(self, batch, size, channels, filters, kernel, stride, padding, groups):
        self.settings = {"stride": stride, "padding": padding, "groups": groups}
        contiguous = self.tensors(batch, size, channels, filters, kernel, torch.contiguous_format)
        last = self.tensors(batch, size, channels, filters, kernel, torch.channels_last)
        layouts = {"channels first": contiguous, "channels last": last}
        times = {}
        for self.layout, (self.x, self.w, self.dy) in layouts.items():
            times[self.layout] = self.milliseconds(0.2)
        self.layout = min(times, key=times.get)
        self.x, self.w, self.dy = layouts[self.layout]

    def tensors(self, batch, size, channels, filters, kernel, layout):
        x = torch.rand(batch, channels, size, size).sub(0.5).contiguous(memory_format=layout).requires_grad_()
        w = torch.rand(filters, channels // self.settings["groups"], kernel, kernel).sub(0.5).contiguous(memory_format=layout).requires_grad_()
        with torch.no_grad():
            y = F.conv2d(x, w, **self.settings)
        return x, w, torch.rand_like(y)

    def step(self):
        return torch.autograd.grad(F.conv2d(self.x, self.w, **self.settings), (self.x, self.w), self.dy)

    def milliseconds(self, seconds):
        self.step()
        times, end = [], time.perf_counter() + seconds
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            self.step()
            times.append((time.perf_counter() - start) * 1e3)
        return statistics.median(times)


def serve():
    """Answers lines of JSON until there are no more. What was made for one question serves the next of its kind."""
    kept = {}

    def keep(key, make):
        if key not in kept:
            kept.clear()
            kept[key] = make()
        return kept[key]

    def load(workload, file, shape, parameters, steps):
        training = keep(workload, lambda: Training(workload))
        training.load(file, shape, parameters)
        losses = [training.step().item() for _ in range(steps)]
        training.reset()
        return {"losses": losses}

    def step(workload, seconds):
        return {"ms": statistics.median(keep(workload, lambda: Training(workload)).times(seconds))}

    def convolution(seconds, **shape):
        case = keep(tuple(shape.values()), lambda: Convolution(**shape))
        return {"ms": case.milliseconds(seconds), "layout": case.layout}

    answers = {"load": load, "step": step, "convolution": convolution}
    print(json.dumps({"system": SYSTEM}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answers[request.pop("do")](**request)), flush=True)


SYSTEM = "pytorch-" + torch.__version__


def main():
    if LISTING:
        print(*WORKLOADS, sep="\n")
        return
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    if SERVING:
        serve()
        return
    names = sys.argv[2:] or list(WORKLOADS)
    for name in names:
        if name not in WORKLOADS:
            refuse(f"no workload {name}; there are {', '.join(WORKLOADS)}")
    for name in names:
        print(json.dumps(measure(name)), flush=True)


if __name__ == "__main__":
    main()
