using System.Linq.Expressions;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Runs a graph node by node, each as its op's own <see cref="Op.Evaluate"/> says, many times and at points near each other: a node whose operands did not
/// change is not computed again. Tells which branch each piecewise node took.
/// </summary>
sealed class Walk
{
    readonly Expr[] _nodes;
    readonly int[][] _operands;
    readonly Dictionary<Expr, int> _places = [];
    readonly BranchedReals _reals = new();
    readonly Func<double[][], int, ulong>?[] _branches;

    public Walk(params Expr[] roots)
    {
        _nodes = [.. Expr.Nodes(roots)];
        for (int i = 0; i < _nodes.Length; i++)
            _places[_nodes[i]] = i;
        _operands = [.. _nodes.Select(n => n.Operands.Select(o => _places[o]).ToArray())];
        _branches = [.. _nodes.Select(BranchesOf)];
    }

    Walk(Dictionary<Expr, Expr> written, Expr[] roots)
        : this([.. roots.Select(r => written[r])])
    {
        foreach (var (node, stands) in written)
            if (_places.TryGetValue(stands, out int place))
                _places[node] = place;
    }

    /// <summary>Walks scans and checkpoints op by op, so that a branch inside of one is seen; what was asked for is found by its own node.</summary>
    public static Walk Opened(params Expr[] roots) => new(Unrolled.Of(roots), roots);

    public IReadOnlyList<Expr> Nodes => _nodes;

    public int PlaceOf(Expr node) => _places[node];

    /// <summary>Lists the values of the nodes at a point. What stops the gradient keeps its value of <paramref name="from"/>: there, it is a constant.</summary>
    public double[][] Run(Point at, double[][]? from = null)
    {
        var values = new double[_nodes.Length][];
        for (int i = 0; i < _nodes.Length; i++)
            values[i] = Value(i, at, values, from);
        return values;
    }

    double[] Value(int i, Point at, double[][] values, double[][]? from)
    {
        var node = _nodes[i];
        if (node.Op is Named leaf)
            return Bound(leaf, node, at, from?[i]);
        if (from is not null && (node.Op is StopGradient || _operands[i].All(o => ReferenceEquals(values[o], from[o]))))
            return from[i];
        // to a derivative it is its second operand, whose changes it follows from where it was
        if (from is not null && node.Op is StraightThrough && _operands[i][1] is var through)
            return [.. from[i].Select((v, k) => v + values[through][k] - from[through][k])];
        var result = new double[node.Shape.Size];
        node.Op.Evaluate(node, Array.ConvertAll(_operands[i], o => values[o]), result);
        return result;
    }

    static double[] Bound(Named leaf, Expr node, Point at, double[]? before)
    {
        double[] numbers = at[leaf.Id];
        if (numbers.Length != node.Shape.Size)
            throw new GraphException(
                $"check: the point must hold a number for each element; got {numbers.Length} for {node} ({node.Shape.Size}). Give that many."
            );
        return before is not null && before.AsSpan().SequenceEqual(numbers) ? before : numbers;
    }

    /// <summary>Finds the first node that took another branch than before; null where all took the same.</summary>
    public Expr? Turned(double[][] values, double[][] before)
    {
        for (int i = 0; i < _nodes.Length; i++)
            if (_branches[i] is { } branch && !Unchanged(i, values, before) && branch(values, i) != branch(before, i))
                return _nodes[i];
        return null;
    }

    bool Unchanged(int i, double[][] values, double[][] before) =>
        ReferenceEquals(values[i], before[i]) && _operands[i].All(o => ReferenceEquals(values[o], before[o]));

    Func<double[][], int, ulong>? BranchesOf(Expr node) =>
        node switch
        {
            { Op: Named } or { Operands: [] } => null,
            { Op: Comparison } => (values, i) => Order(node, values[_operands[i][0]], values[_operands[i][1]]),
            { Op: Select or Logical } => null, // the mask is a node of its own
            { Op: Elementwise op } when op.Scalar is var rule && BranchedReals.Has(rule) => OfRule(node, rule),
            { DType: DType.Bool or DType.I32 } => (values, i) => Mix(values[i]),
            { Op: ReduceMax or ReduceMin } => (values, i) => Places(node, values[_operands[i][0]], values[i]),
            { Op: MaxPool2d or MaxPool2dInput } => (values, i) => Largest(node, values[_operands[i][0]]),
            _ => null,
        };

    Func<double[][], int, ulong> OfRule(Expr node, LambdaExpression rule)
    {
        var run = ScalarTree<double>.Of(rule, _reals);
        var offsets = node.Operands.Select(o => Spread(o.Shape, node.Shape)).ToArray();
        return (values, i) =>
        {
            _reals.Signature = 0;
            var arguments = new double[offsets.Length];
            for (int k = 0; k < values[i].Length; k++)
            {
                for (int a = 0; a < arguments.Length; a++)
                    arguments[a] = values[_operands[i][a]][offsets[a][k]];
                run(arguments);
            }
            return _reals.Signature;
        };
    }

    // less, equal or greater: more than the truth value says, so that a tie is a branch of its own
    static ulong Order(Expr node, double[] a, double[] b)
    {
        var (p, q) = (Spread(node.Operands[0].Shape, node.Shape), Spread(node.Operands[1].Shape, node.Shape));
        ulong signature = 0;
        for (int k = 0; k < p.Length; k++)
            signature = BranchedReals.Mix(signature, a[p[k]].CompareTo(b[q[k]]));
        return signature;
    }

    // where the operand is the fold's result
    static ulong Places(Expr node, double[] x, double[] y)
    {
        var to = Spread(node.Shape, node.Operands[0].Shape);
        ulong signature = 0;
        for (int k = 0; k < x.Length; k++)
            if (x[k] == y[to[k]])
                signature = BranchedReals.Mix(signature, k);
        return signature;
    }

    // each window's largest pixel, told by what the op itself makes of the pixels' numbers
    static ulong Largest(Expr node, double[] images)
    {
        var result = new double[node.Shape.Size];
        var numbers = Enumerable.Range(1, node.Operands[1].Shape.Size).Select(i => Math.Sqrt(i)).ToArray();
        node.Op.Evaluate(node, [images, numbers], result);
        return Mix(result);
    }

    static ulong Mix(double[] values) => values.Aggregate(0UL, BranchedReals.Mix);

    public static int[] Spread(Shape operand, Shape result) => Layout.Offsets(result.ToArray(), Layout.BroadcastStrides(operand, result));
}
