using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Foreign;

/// <summary>Multiplies the elements along axes.</summary>
sealed record Product(Axes Axes) : Reduction(Axes)
{
    public override double Seed => 1;

    protected override bool AllowsEmpty => true;

    public override double Combine(double folded, double element) => folded * element;

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y / y.Operands[0]];

    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => y * Expr.Of(new ReduceSum(Axes), tangents[0]! / y.Operands[0]);

    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4]);
        return
        [
            Of(x, 2),
            Of(x, 0),
            Of(x, 0, 2),
            Of(x, 0, 1, 2) + Of(x, 1),
            Of(x.Cast(DType.I32), 1),
            Of(x.Like(1.5).BroadcastTo([2, 3]), 1),
            Of(Expr.Iota([2, 3], 1, DType.F32), 1),
            Of(Expr.Input("e", [0, 3]), 0),
        ];
    }

    static Expr Of(Expr x, params int[] axes) => Expr.Of(new Product(new Axes(axes.Aggregate(0u, (mask, axis) => mask | 1u << axis))), x);
}

/// <summary>Adds up squares: what folds in is another thing than what is folded, so the parts of a fold are no fold of parts.</summary>
sealed record Energy(Axes Axes) : Reduction(Axes)
{
    public override double Seed => 0;

    public override double Combine(double folded, double element) => folded + element * element;

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y.Operands[0] * 2.0];

    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => Expr.Of(new ReduceSum(Axes), y.Operands[0] * tangents[0]! * 2.0);

    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4]);
        return
        [
            Expr.Of(new Energy(new Axes(0b100)), x),
            Expr.Of(new Energy(new Axes(0b101)), x),
            Expr.Of(new Energy(new Axes(0b001)), x.Slice(0, 0, 1)),
            Expr.Of(new Energy(new Axes(0b011)), x.Tanh()) * 2.0,
        ];
    }
}

/// <summary>Takes what lies between the smallest and the largest pixel of each window.</summary>
sealed record RangePool(Window Y, Window X) : Pooling(Y, X)
{
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) =>
        operands[0] with
        {
            Shape = operands[0].Shape.With(1, Y.Count(operands[0].Shape[1].Value)).With(2, X.Count(operands[0].Shape[2].Value)),
        };

    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int[] from = y.Operands[0].Shape.ToArray(),
            to = y.Shape.ToArray();
        for (int i = 0; i < result.Length; i++)
        {
            int c = i % to[3],
                ox = i / to[3] % to[2],
                oy = i / to[3] / to[2] % to[1],
                n = i / to[3] / to[2] / to[1];
            double least = double.PositiveInfinity,
                most = double.NegativeInfinity;
            for (int ky = 0; ky < Y.Size; ky++)
            for (int kx = 0; kx < X.Size; kx++)
            {
                double pixel = operands[0][((n * from[1] + Y.Pixel(oy, ky)) * from[2] + X.Pixel(ox, kx)) * from[3] + c];
                (least, most) = (Math.Min(least, pixel), Math.Max(most, pixel));
            }
            result[i] = most - least;
        }
    }

    public override IEnumerable<Expr> Samples() => [Expr.Of(new RangePool(new(2, 2), new(3)), Expr.Input("x", [2, 4, 5, 3]))];
}

/// <summary>Convolves by one pixel, with the weights' squares.</summary>
sealed record SquaredConv(Window Y, Window X) : Convolution(Y, X, 1)
{
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) =>
        operands[0] with
        {
            Shape = operands[0].Shape.With(3, operands[1].Shape[3]),
        };

    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int inner = y.Operands[1].Shape[2].Value,
            outer = y.Operands[1].Shape[3].Value;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = 0;
            for (int c = 0; c < inner; c++)
                result[i] += operands[0][i / outer * inner + c] * Math.Pow(operands[1][c * outer + i % outer], 2);
        }
    }

    public override IEnumerable<Expr> Samples() =>
        [Expr.Of(new SquaredConv(new(1), new(1)), Expr.Input("x", [2, 3, 4, 2]), Expr.Input("w", [1, 1, 2, 5]))];
}

/// <summary>Moves each element on by a number of places, those at the end to the beginning.</summary>
sealed record Rolled(int Axis, int By) : Movement
{
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    protected override int[] Sources(Shape from, Shape to)
    {
        int[] dims = to.ToArray(),
            strides = Layout.Strides(dims),
            offsets = Layout.Offsets(dims, strides);
        return
        [
            .. offsets.Select(at =>
                at
                + (((at / strides[Axis] % dims[Axis] - By) % dims[Axis] + dims[Axis]) % dims[Axis] - at / strides[Axis] % dims[Axis])
                    * strides[Axis]
            ),
        ];
    }

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [Expr.Of(new Rolled(Axis, -By), dy)];

    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [3, 5]);
        return
        [
            Expr.Of(new Rolled(1, 2), x),
            Expr.Of(new Rolled(0, 1), x) + Expr.Of(new Rolled(0, 2), x),
            Expr.Of(new Rolled(0, 1), Expr.Iota([4], 0, DType.F32)),
        ];
    }
}

/// <summary>Has ones where an index is another, and zeros elsewhere.</summary>
sealed record Eye(TensorType Type) : Leaf(Type)
{
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int columns = y.Shape[1].Value;
        for (int i = 0; i < result.Length; i++)
            result[i] = i / columns == i % columns ? 1 : 0;
    }

    public override IEnumerable<Expr> Samples()
    {
        var eye = Expr.Of(new Eye(new TensorType(DType.F32, [4, 4])));
        return [eye, eye.T() * 2.0, Expr.Input("x", [4, 4]).MatMul(eye) + eye, eye.Reshape(16).Slice(0, 3, 5)];
    }
}

/// <summary>Adds up all elements so far.</summary>
sealed record RunningSum(bool Reverse) : Op
{
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        double sum = 0;
        for (int i = 0; i < result.Length; i++)
        {
            int at = Reverse ? result.Length - 1 - i : i;
            result[at] = sum += operands[0][at];
        }
    }

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [Expr.Of(new RunningSum(!Reverse), dy)];

    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [7]);
        return [Expr.Of(new RunningSum(false), x), Expr.Of(new RunningSum(true), x.Exp()) - Expr.Of(new RunningSum(false), x)];
    }
}

/// <summary>Is a composition, several deep.</summary>
sealed record Nested(int Depth) : Op
{
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        for (int i = 0; i < result.Length; i++)
            result[i] = operands[0][i] + Depth;
    }

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy];

    public override Expr? Expand(Expr y) => Depth == 0 ? y.Operands[0] + 0.0 : Expr.Of(new Nested(Depth - 1), y.Operands[0] + 1.0);

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Nested(9), Expr.Input("x", [7]))];
}
