using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Lists a way to grow for every op of the library. Where a function is not defined everywhere, its operand is led to where it is.</summary>
public static class Growths
{
    /// <summary>Lists them all.</summary>
    public static ImmutableArray<Growth> All { get; } =
    [
        // functions of one element
        One("abs", x => x.Abs()),
        One("neg", x => -x),
        One("exp", x => x.Exp()),
        One("expm1", x => x.Expm1()),
        One("log", x => Positive(x).Log()),
        One("log1p", x => Positive(x).Log1p()),
        One("sqrt", x => Positive(x).Sqrt()),
        One("sin", x => x.Sin()),
        One("cos", x => x.Cos()),
        One("tanh", x => x.Tanh()),
        One("sigmoid", x => x.Sigmoid()),
        One("erf", x => x.Erf()),
        One("sign", x => x * x.Sign()),
        One("relu", x => x.Relu()),
        One("leaky_relu", x => x.LeakyRelu(0.25)),
        // and gates made of them
        One("elu", x => x.Elu()),
        One("selu", x => x.Selu()),
        One("gelu", x => x.Gelu()),
        One("gelu_tanh", x => x.GeluTanh()),
        One("softplus", x => x.Softplus()),
        One("swish", x => x.Swish()),
        One("mish", x => x.Mish()),
        One("hard_sigmoid", x => x.HardSigmoid()),
        One("square", x => x.Pow(2)),
        One("cube", x => x.Pow(3)),
        One("negative power", x => Positive(x).Pow(-1.5)),
        One("stop_gradient", x => x * x.StopGradient()),
        One("straight_through", x => x * x.Sign().StraightThrough(x.Sin())),
        One("cast", x => x * x.Cast(DType.I32).Cast(DType.F64)),
        // of two
        Two("add", (a, b) => a + b),
        Two("sub", (a, b) => a - b),
        Two("mul", (a, b) => a * b),
        Two("div", (a, b) => a / Positive(b)),
        Two("pow", (a, b) => Positive(a).Pow(b)),
        Two("maximum", (a, b) => a.Maximum(b)),
        Two("minimum", (a, b) => a.Minimum(b)),
        Two("prelu", (a, b) => a.Prelu(b)),
        Two("huber", (a, b) => a.Huber(b)),
        Two("smooth_l1", (a, b) => a.SmoothL1(b)),
        Two("cosine_similarity", (a, b) => a.CosineSimilarity(b)),
        Two("less", (a, b) => Expr.Select(a < b, a, b * 0.5)),
        Two("less_equal", (a, b) => Expr.Select(a <= b, b, a.Tanh())),
        Two("greater", (a, b) => Expr.Select(a > b, a * b, b)),
        Two("greater_equal", (a, b) => Expr.Select(a >= b, a, b)),
        Two("equal", (a, b) => Expr.Select(a.EqualTo(b), a, a + b)),
        Two("not_equal", (a, b) => Expr.Select(a.NotEqualTo(b), a - b, b)),
        Two("and, or, not", (a, b) => Expr.Select((a > 0.0) & !(b > 0.5) | (a > b), a, b)),
        Two("when_training", (a, b) => (a * b).WhenTraining(a + b)),
        Two("remember", (a, b) => (a * b).Remember(Expr.State("s", [2], 0, DType.F64), Expr.Literal([2], [1, 2], DType.F64))),
        // folds
        Fold("sum", (x, axes, keep) => x.Sum(axes, keep)),
        Fold("mean", (x, axes, keep) => x.Mean(axes, keep)),
        Fold("max", (x, axes, keep) => x.Max(axes, keep)),
        Fold("min", (x, axes, keep) => x.Min(axes, keep)),
        Fold("variance", (x, axes, keep) => x.Variance(axes, keep)),
        Fold("norm", (x, axes, keep) => Positive(x).Norm(axes, keep)),
        Fold("std", (x, axes, keep) => (x * x.Sign() + Expr.Iota(x.Shape, axes[0], DType.F64)).Std(axes, keep)),
        Fold("log_sum_exp", (x, axes, keep) => x.LogSumExp(axes, keep)),
        Fold("arg_max", (x, axes, _) => x.ArgMax(axes[0]).Cast(DType.F64)),
        new("softmax", n => n.OfRank(2) is { Shape.Rank: 2 } x ? x.Softmax() : null),
        // movements
        Along("transpose", (n, x, _) => x.Transpose(Permuted(n, x.Shape.Rank))),
        Along("reshape", (n, x, _) => x.Reshape(new Shape([.. Permuted(n, x.Shape.Rank).Select(i => x.Shape[i])]))),
        Along("flatten", (_, x, _) => x.Reshape(1, x.Shape.Size)),
        Along("broadcast", (_, x, _) => x.BroadcastTo(Shape.Of(x.Shape.ToArray().Select(d => d == 1 ? 4 : d)))),
        Along("slice", (n, x, axis) => Sliced(n, x, axis)),
        Along("pad", (n, x, axis) => x.Pad(axis, n.Random.Next(3), n.Random.Next(3), n.Random.Next(2))),
        Along("flip", (_, x, axis) => x.Flip(axis)),
        Along("concat", (n, x, axis) => Expr.Concat(axis, x, n.Leaf(x.Shape.With(axis, 1 + n.Random.Next(3))), x)),
        // products
        new(
            "matmul",
            n => n.OfRank(2) is var a ? a.MatMul(n.Leaf(a.Shape.With(a.Shape.Rank - 2, a.Shape.Dims[^1]).With(a.Shape.Rank - 1, 4))) : null
        ),
        new(
            "matmul from the right",
            n => n.OfRank(2) is var b ? n.Leaf(b.Shape.With(b.Shape.Rank - 1, b.Shape.Dims[^2]).With(b.Shape.Rank - 2, 3)).MatMul(b) : null
        ),
        // windows over images
        Slide("conv2d", (n, x, y, w) => Convolved(n, x, y, w)),
        Slide("conv2d_input", (n, x, y, w) => Adjoint(n, x, y, w)),
        Slide("conv2d_weights", (n, x, y, w) => Correlated(n, x, y, w)),
        Slide("max_pool2d", (_, x, y, w) => x.MaxPool2d(y, w)),
        Slide("max_pool2d_input", (n, x, y, w) => Expr.Of(new MaxPool2dInput(y, w), x, n.Leaf(x.MaxPool2d(y, w).Shape))),
        Slide("sum_pool2d", (_, x, y, w) => x.SumPool2d(y, w)),
        Slide("sum_pool2d_input", (n, x, y, w) => SumAdjoint(n, x, y, w)),
        // leaves
        One("iota", x => x.Shape.Rank == 0 ? x + 1.5 : x + Expr.Iota(x.Shape, 0, DType.F64) * 0.25),
        One("literal", x => x * Expr.Literal(x.Shape, [.. Enumerable.Range(1, x.Shape.Size).Select(i => Math.Sin(i))], DType.F64)),
        One("extent", x => x / (1.0 + Expr.Of(new Extent(x.Shape, DType.F64)))),
        new("uniform", n => n.Any() is var x ? x * Expr.Uniform(x.Shape, n.Leaf(default, DType.I32), 7, DType.F64) : null),
        // what has a file of its own
        .. BodyGrowths.All,
        .. DelayGrowths.All,
        .. LossGrowths.All,
    ];

    static Growth One(string name, Func<Expr, Expr> op) => new(name, n => op(n.Any()));

    static Growth Two(string name, Func<Expr, Expr, Expr> op) =>
        new(
            name,
            n =>
            {
                var a = n.Any();
                var b = n.Partner(a);
                return n.Random.Next(2) == 0 ? op(a, b) : op(b, a);
            }
        );

    static Growth Fold(string name, Func<Expr, int[], bool, Expr> op) =>
        new(name, n => n.OfRank(1) is var x ? op(x, n.Axes(x), n.Random.Next(2) == 0) : null);

    static Growth Along(string name, Func<Nursery, Expr, int, Expr> op) =>
        new(name, n => n.OfRank(1) is var x ? op(n, x, n.Axis(x)) : null);

    static Growth Slide(string name, Func<Nursery, Expr, Window, Window, Expr> op) =>
        new(
            name,
            n =>
            {
                var x = n.Nodes.LastOrDefault(e => e.Shape.Rank == 4 && e.Shape.Size > 0) ?? n.Leaf([1, 3, 5, 2]);
                return op(n, x, Window(n, x.Shape[1].Value), Window(n, x.Shape[2].Value));
            }
        );

    static Expr Positive(Expr x) => x * x + 0.5;

    static int[] Permuted(Nursery n, int rank)
    {
        int[] order = [.. Enumerable.Range(0, rank)];
        n.Random.Shuffle(order);
        return order;
    }

    static Expr Sliced(Nursery n, Expr x, int axis)
    {
        int extent = x.Shape[axis].Value,
            start = n.Random.Next(Math.Max(1, extent)),
            step = 1 + n.Random.Next(2);
        return x.Slice(axis, start, Math.Max(0, (extent - start + step - 1) / step), step);
    }

    // each window sees a pixel, as a maximum wants it
    static Window Window(Nursery n, int extent)
    {
        int size = 1 + n.Random.Next(Math.Min(3, extent));
        return new(size, 1 + n.Random.Next(2), n.Random.Next(size), n.Random.Next(size));
    }

    static Expr Convolved(Nursery n, Expr x, Window y, Window w)
    {
        int channels = x.Shape[3].Value,
            groups = n.Random.Next(2) == 0 ? 1 : channels;
        return x.Conv2d(n.Leaf([y.Size, w.Size, channels / groups, 2 * groups]), y, w, groups) * 0.5;
    }

    // the adjoint of a convolution whose results have the shape of x
    static Expr Adjoint(Nursery n, Expr x, Window y, Window w)
    {
        y = y with { Low = 0, High = 0 };
        w = w with { Low = 0, High = 0 };
        int height = (x.Shape[1].Value - 1) * y.Stride + y.Size,
            width = (x.Shape[2].Value - 1) * w.Stride + w.Size;
        return Expr.Of(new Conv2dInput(y, w, 1, height, width), x, n.Leaf([y.Size, w.Size, 2, x.Shape[3]])) * 0.5;
    }

    static Expr Correlated(Nursery n, Expr x, Window y, Window w) =>
        Expr.Of(new Conv2dWeights(y, w, 1), x, n.Leaf([x.Shape[0], y.Count(x.Shape[1].Value), w.Count(x.Shape[2].Value), 2])) * 0.25;

    static Expr SumAdjoint(Nursery n, Expr x, Window y, Window w) =>
        x.SumPool2d(y, w) is var pooled
            ? Expr.Of(new SumPool2dInput(y, w, x.Shape[1].Value, x.Shape[2].Value), pooled * n.Leaf(pooled.Shape))
            : x;
}
