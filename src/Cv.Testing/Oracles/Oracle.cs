using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Runs a graph forward in numbers that carry their derivative: elementwise ops by their scalar rules, linear and bilinear ops by what they themselves make of
/// tangents, ops that choose by what they chose. It builds no graph and reads no derivative rule, so it is independent of both directions.
/// </summary>
sealed class Oracle<T>(Infinitesimals<T> numbers, Expr y, Point at)
{
    readonly Walk _walk = new(Opened(Unrolled.Of(y)[y]));
    readonly Dictionary<Expr, Func<T[], T>> _rules = [];
    double[][]? _values;

    /// <summary>Gives how each element of the result changes along a direction.</summary>
    public double[] Along(IReadOnlyDictionary<string, double[]> direction)
    {
        double[][] values = _values ??= _walk.Run(at);
        var tangents = new double[values.Length][];
        for (int i = 0; i < values.Length; i++)
            tangents[i] = Tangent(_walk.Nodes[i], values, tangents, values[i], direction);
        return tangents[^1];
    }

    double[] Tangent(Expr node, double[][] values, double[][] tangents, double[] value, IReadOnlyDictionary<string, double[]> direction)
    {
        if (node.Op is Named leaf)
            return direction.TryGetValue(leaf.Id, out double[]? d) ? d : new double[value.Length];
        var x = node.Operands.Select(o => values[_walk.PlaceOf(o)]).ToArray();
        var dx = node.Operands.Select(o => tangents[_walk.PlaceOf(o)]).ToArray();
        if (!node.DType.IsFloat() || node.Op is StopGradient || dx.All(d => Array.TrueForAll(d, v => v == 0)))
            return new double[value.Length];
        return node.Op switch
        {
            StraightThrough => dx[1],
            Elementwise op => Each(node, op, x, dx),
            Movement or Concat or ReduceSum or SumPool2d or SumPool2dInput or WhenTraining or Remember or Delay => Run(node, dx),
            MatMul or Convolution => [.. Run(node, [dx[0], x[1]]).Zip(Run(node, [x[0], dx[1]]), (a, b) => a + b)],
            MaxPool2d or MaxPool2dInput => Run(node, [x[0], dx[1]]),
            ReduceMax or ReduceMin => Chosen(node, x[0], dx[0], value),
            // a quadratic form: half the difference of two of its values is its derivative, whatever the step
            Variance => [.. Run(node, [Plus(x[0], dx[0], 1)]).Zip(Run(node, [Plus(x[0], dx[0], -1)]), (a, b) => (a - b) / 2)],
            _ => throw new UnknownToOracleException(
                $"check: {numbers.Name} know ops that are elementwise, linear or choose; got {node}. Check it by differences."
            ),
        };
    }

    double[] Each(Expr node, Elementwise op, double[][] x, double[][] dx)
    {
        if (!_rules.TryGetValue(node, out var rule))
            _rules[node] = rule = ScalarTree<T>.Of(op.Scalar, numbers);
        var places = node.Operands.Select(o => Walk.Spread(o.Shape, node.Shape)).ToArray();
        var arguments = new T[x.Length];
        var result = new double[node.Shape.Size];
        for (int k = 0; k < result.Length; k++)
        {
            for (int a = 0; a < x.Length; a++)
                arguments[a] = numbers.Of(x[a][places[a][k]], dx[a][places[a][k]]);
            result[k] = numbers.Tangent(rule(arguments));
        }
        return result;
    }

    // those that tie share, as the ops' documents say
    static double[] Chosen(Expr node, double[] x, double[] dx, double[] y)
    {
        var to = Walk.Spread(node.Shape, node.Operands[0].Shape);
        double[] sum = new double[y.Length],
            ties = new double[y.Length];
        for (int k = 0; k < x.Length; k++)
            if (x[k] == y[to[k]])
            {
                sum[to[k]] += dx[k];
                ties[to[k]]++;
            }
        return [.. sum.Zip(ties, (s, n) => n == 0 ? 0 : s / n)];
    }

    static double[] Run(Expr node, double[][] operands)
    {
        var result = new double[node.Shape.Size];
        node.Op.Evaluate(node, operands, result);
        return result;
    }

    static double[] Plus(double[] x, double[] dx, double times) => [.. x.Zip(dx, (a, b) => a + times * b)];

    /// <summary>Opens what is no primitive, such as a gate, and is none of the ops above, by its expansion.</summary>
    static Expr Opened(Expr y) => y.Rebuild((node, operands) => node.With(operands) is var now && IsKnown(now.Op) ? now : Open(now));

    static Expr Open(Expr node) => node.Op.Expand(node) is { } expansion ? Opened(expansion) : node;

    static bool IsKnown(Op op) =>
        op
            is Leaf
                or Elementwise
                or Movement
                or Concat
                or ReduceSum
                or SumPool2d
                or SumPool2dInput
                or WhenTraining
                or Remember
                or Delay
                or MatMul
                or Convolution
                or MaxPool2d
                or MaxPool2dInput
                or ReduceMax
                or ReduceMin
                or Variance;
}
