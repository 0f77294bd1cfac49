using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// A random graph that reads some rows of a leaf only where a select does not take them: whatever stands there, NaN or infinities or where a derivative has none, no
/// derivative of the graph may tell.
/// </summary>
/// <param name="Y">The result, a scalar of f64.</param>
/// <param name="Seed">The seed that it grew from.</param>
/// <param name="Harmless">Numbers for the leaves, positive where it matters.</param>
/// <param name="Wild">The same, but for the rows that are not taken.</param>
public sealed record MaskedGraph(Expr Y, int Seed, Point Harmless, Point Wild)
{
    const int Rows = 3;

    static readonly double[] Traps = [0, -0.0, -1, -400, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e300, 5e-324];

    static ScalarGate Bent { get; } = Gate.Define("bent", x => x > 0.5 ? Math.Sqrt(x) : Math.Log(1 + x));

    static ScalarGate Leant { get; } = Gate.Define("leant", (x, z) => Math.Sqrt(x * z) + z);

    static TensorGate Scaled { get; } = Gate.Custom(new("scaled") { Forward = v => v[0].Sqrt() / v[0].Sum([1], keepDims: true) });

    /// <summary>Lists what a row may go through before it is masked; none of it lets one row meet another.</summary>
    static readonly (string Name, Func<Expr, Random, Expr> Of)[] Ways =
    [
        ("sqrt", (t, _) => t.Sqrt()),
        ("log", (t, _) => t.Log()),
        ("log1p", (t, _) => t.Log1p()),
        ("reciprocal", (t, _) => 1.0 / t),
        ("power", (t, _) => t.Pow(-0.5)),
        ("power of each", (t, _) => t.Pow(t)),
        ("exp", (t, _) => (t * 0.5).Exp()),
        ("expm1", (t, _) => (-t).Expm1()),
        ("tanh", (t, _) => t.Tanh() + 1.5),
        ("sigmoid", (t, _) => t.Sigmoid()),
        ("erf", (t, _) => t.Erf() + 2.0),
        ("sin", (t, _) => t.Sin() + 2.0),
        ("abs", (t, _) => t.Abs()),
        ("square", (t, _) => t * t),
        ("gelu", (t, _) => t.Gelu()),
        ("gate", (t, _) => t.Apply(Bent)),
        ("gate of two", (t, _) => t.Apply(Leant, t.Flip(1))),
        ("largest", (t, _) => t.Sqrt().Maximum(t.Log())),
        ("inner select", (t, _) => Expr.Select(t > 1.0, t.Log(), t.Sqrt())),
        ("sum", (t, _) => t.Sum([1], keepDims: true) * t),
        ("narrow", (t, _) => t.Mean([1], keepDims: true).Sqrt()),
        ("max", (t, _) => t.Max([1], keepDims: true).Sqrt() + t),
        ("min", (t, _) => t * t.Min([1], keepDims: true)),
        ("variance", (t, _) => t.Variance([1], keepDims: true) + t),
        ("norm", (t, _) => t.Log().Norm([1], keepDims: true) + t),
        ("std", (t, _) => t.Sqrt().Std([1], keepDims: true) + t),
        ("softmax", (t, _) => t.Softmax()),
        ("log_sum_exp", (t, _) => t.LogSumExp([1], keepDims: true) + t),
        ("layer norm", (t, _) => (t - t.Mean([1], keepDims: true)) / (t.Variance([1], keepDims: true) + 0.1).Sqrt() + 3.0),
        ("reshape", (t, _) => (t.Reshape(Rows, 1, t.Shape[1].Value, 1).Sqrt().Reshape(t.Shape) + 1.0).Log() + 1.0),
        ("transpose", (t, _) => t.T().Sqrt().T()),
        ("flip", (t, _) => t.Flip(1)),
        ("slice", (t, r) => t.Slice(1, 0, Math.Max(1, t.Shape[1].Value - r.Next(2)))),
        ("pad", (t, _) => t.Pad(1, 0, 1) + 0.5),
        ("concat", (t, _) => Expr.Concat(1, t.Sqrt(), t)),
        ("broadcast", (t, _) => t.Sum([1], keepDims: true).Sqrt().BroadcastTo([Rows, 3])),
        ("max pool", (t, _) => Pooled(t, i => i.Sqrt().MaxPool2d(new(1), new(2, 1, 0, 1)))),
        ("sum pool", (t, _) => Pooled(t, i => i.Sqrt().SumPool2d(new(1), new(2, 1, 1, 1)))),
        ("cast", (t, _) => t.Cast(DType.F64)),
        ("when training", (t, _) => t.Sqrt().WhenTraining(t)),
        ("straight through", (t, _) => t.Sign().StraightThrough(t.Sqrt()) + 1.0),
        ("checkpoint", (t, _) => t.Checkpoint(v => v.Sqrt() * v.Sum([1], keepDims: true).Log1p())),
        ("composition", (t, _) => Scaled.Of(t)),
        ("iterate", (t, _) => t.Iterate(2, v => (v + 0.5).Sqrt() + v.Mean([1], keepDims: true).Sqrt())),
        (
            "scan",
            (t, _) =>
                Expr.Scan(t.Sum([1], keepDims: true), t.T().Reshape(t.Shape[1].Value, Rows, 1), (h, v) => h.Sqrt() + v.Log1p()).Last + t
        ),
    ];

    /// <summary>Grows one from a seed.</summary>
    public static MaskedGraph Grow(int seed)
    {
        var random = new Random(seed);
        int columns = 1 + random.Next(4);
        Shape shape = [Rows, columns];
        Expr p = Expr.Input("p", shape, DType.F64),
            x = Expr.Input("x", shape, DType.F64);
        bool[] bad = [.. Enumerable.Range(0, Rows).Select(_ => random.Next(2) == 0)];
        bad[random.Next(Rows)] = true;

        var wild = p;
        for (int step = 1 + random.Next(3); step > 0; step--)
        {
            var next = Ways[random.Next(Ways.Length)].Of(wild, random);
            wild = random.Next(4) == 0 && next.Shape == wild.Shape ? next * wild.Log1p() : next;
        }
        // a condition for each row, or for each element, of which those of bad rows do not hold
        bool byRow = random.Next(2) == 0;
        Shape conditions = byRow ? [Rows, 1] : wild.Shape;
        Expr condition = Expr.Input("condition", conditions, DType.F64) > 0.0;
        var tame = x.Sum([1], keepDims: true).BroadcastTo(wild.Shape);
        var y = random.Next(2) == 0 ? Expr.Select(condition, wild, tame) : Expr.Select(!condition, tame, wild);
        y = random.Next(5) switch
        {
            0 => y.Softmax() * y,
            1 => (y - y.Mean([0], keepDims: true)) * y,
            2 => y.Tanh() + y.Max([0], keepDims: true),
            3 => Expr.Select(Expr.Input("condition", conditions, DType.F64) > -2.0, y * x.Sum(), tame),
            _ => y * x.Sum(),
        };
        var loss = (y * y * 0.25 + y).Mean();

        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 0.4 + 1.8 * random.NextDouble())];
        int width = conditions[1].Value;
        double[] tests =
        [
            .. Enumerable
                .Range(0, Rows * width)
                .Select(i =>
                    bad[i / width] ? -1.0
                    : random.Next(4) == 0 ? -0.5
                    : 1.0
                ),
        ];
        double[] harmless = Numbers(Rows * columns),
            others = Numbers(Rows * columns);
        double[] trapped = [.. harmless.Select((v, i) => bad[i / columns] ? Traps[random.Next(Traps.Length)] : v)];
        Point With(double[] numbers) =>
            new(
                new Dictionary<string, double[]>
                {
                    ["p"] = numbers,
                    ["x"] = others,
                    ["condition"] = tests,
                }
            );
        return new(loss, seed, With(harmless), With(trapped));
    }

    /// <summary>Prints the graph as code, its seed, and what stands where nobody may look.</summary>
    public override string ToString() => $"// C#\n{GraphCode.CSharp(Y)}\n// harmless {Harmless}\n// wild {Wild}\n// seed {Seed}";

    static Expr Pooled(Expr t, Func<Expr, Expr> pool)
    {
        var pooled = pool(t.Reshape(Rows, 1, t.Shape[1].Value, 1));
        return pooled.Reshape(Rows, pooled.Shape[2].Value);
    }
}
