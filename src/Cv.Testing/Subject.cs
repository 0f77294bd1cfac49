using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Gives the cotangents of a node's operands, from the node and its own: an op's own rule, or one that a test has broken.</summary>
delegate ImmutableArray<Expr?> VjpRule(Expr y, Expr dy);

/// <summary>
/// What is checked: a node in f64 without symbols, weighed into a scalar so that no two errors cancel, and its gradient by every float leaf.
/// </summary>
sealed class Subject
{
    readonly VjpRule? _rule;
    double[][]? _gradients;
    double? _floor;
    double _least;

    public Subject(Expr y, Point at, CheckOptions? options = null, VjpRule? rule = null)
    {
        _rule = rule;
        Y = Prepare(y);
        At = at;
        Options = options ?? CheckOptions.Default;
        Leaves = [.. Point.Leaves(Y).Where(l => l.DType.IsFloat())];
        Weights = Y.Shape.Rank == 0 ? [1] : Point.Random(Options.Seed, Expr.Input("weights", Y.Shape, DType.F64))["weights"];
        Loss = Y.Shape.Rank == 0 ? Y : (Y * Expr.Literal(Y.Shape, Weights, DType.F64)).Sum();
    }

    public Expr Y { get; }
    public Expr Loss { get; }
    public Point At { get; }
    public CheckOptions Options { get; }
    public double[] Weights { get; }
    public ImmutableArray<Expr> Leaves { get; }

    /// <summary>Gives the gradient by each leaf, at the point; zeros for a leaf that no gradient reaches.</summary>
    public double[][] Gradients => _gradients ??= Compute();

    /// <summary>Numbers as small as this count as 0: they are nothing beside the largest of the gradient.</summary>
    public double Floor =>
        _floor ??= Math.Max(
            _least,
            Options.Floor * Math.Max(1e-3, Gradients.SelectMany(g => g).Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max())
        );

    /// <summary>Turns a node to f64, and its symbols to small extents that differ.</summary>
    public static Expr Prepare(Expr y)
    {
        var symbols = Expr.Nodes(y).SelectMany(n => n.Shape.Dims.ToArray()).Where(d => !d.IsKnown).Select(d => d.Symbol!).Distinct();
        int[] extents = [3, 2, 5, 7, 4];
        var binding = symbols
            .Select((s, i) => (s, extents[i % extents.Length]))
            .ToDictionary(p => p.s, p => p.Item2, StringComparer.Ordinal);
        var wide = (binding.Count == 0 ? y : y.Bind(binding)).WithDType(DType.F64);
        return wide.DType == DType.F64
            ? wide
            : throw new GraphException($"check: only floats have a gradient; got {y}. Check the loss, or what it is made of.");
    }

    /// <summary>Asks the same of another node.</summary>
    public Subject Of(Expr y, Point at) => new(y, at, Options, _rule);

    /// <summary>Asks of the gradient's part along a direction: its gradient is a row of the second derivatives.</summary>
    public Subject Along(IReadOnlyDictionary<string, double[]> direction)
    {
        var parts = GradientGraphs().Zip(Literals(direction), (g, d) => (g * d).Sum()).ToList();
        // every leaf stays one, though the gradient may not see it
        var all = Leaves.Select(l => (l * 0.0).Sum());
        var along = Of(parts.Concat(all).Aggregate((a, b) => a + b), At);
        along._least = Floor; // where all second derivatives are 0, rounding is nothing beside the first
        return along;
    }

    /// <summary>Gives the place of a leaf by its name.</summary>
    public int PlaceOf(string leaf) => Leaves.IndexOf(Leaves.First(l => ((Named)l.Op).Id == leaf));

    public Differences Differences() => new([Y], [Weights], At, Options);

    /// <summary>Gives the gradient by each leaf as a graph.</summary>
    public ImmutableArray<Expr> GradientGraphs() =>
        Gradient.Of(Loss, [.. Leaves], Unreached.Zero, _rule is null ? null : (y, dy) => _rule(y, dy));

    /// <summary>Lists elements of the gradient, those drawn of each leaf: its leaf and place, its value, and the direction that moves it alone.</summary>
    public IEnumerable<(string Leaf, int Index, double Value, Dictionary<string, double[]> Direction)> Elements()
    {
        var random = new Random(Options.Seed);
        for (int l = 0; l < Leaves.Length; l++)
        {
            string name = NameOf(Leaves[l]);
            double[] gradient = Gradients[l];
            foreach (int i in Drawn(random, gradient.Length, Options.Elements))
            {
                var direction = new double[gradient.Length];
                direction[i] = 1;
                yield return (name, i, gradient[i], new(StringComparer.Ordinal) { [name] = direction });
            }
        }
    }

    /// <summary>Draws directions that move every float leaf.</summary>
    public IEnumerable<(string Name, Dictionary<string, double[]> Direction)> Directions(int count)
    {
        var random = new Random(Options.Seed);
        for (int i = 0; i < count; i++)
            yield return ($"direction {i}", Leaves.ToDictionary(NameOf, l => Drawn(random, l.Shape.Size), StringComparer.Ordinal));
    }

    /// <summary>Writes a direction as graphs, one for each leaf.</summary>
    public Expr[] Literals(IReadOnlyDictionary<string, double[]> direction) =>
        [.. Leaves.Select(l => Expr.Literal(l.Shape, direction[NameOf(l)], DType.F64))];

    /// <summary>Gives the gradient's part along a direction.</summary>
    public double Slope(IReadOnlyDictionary<string, double[]> direction) =>
        Leaves.Select((l, i) => direction[NameOf(l)].Zip(Gradients[i], (d, g) => d * g).Sum()).Sum();

    /// <summary>Judges one number of the gradient by what it should be.</summary>
    public ElementReport Judge(string name, int index, double claim, Derivative derivative, Expr? turned = null)
    {
        var verdict = derivative.Judge(claim, Floor, Options);
        string reason = derivative.Terrain switch
        {
            Terrain.Kink => $"a kink of {turned}: from {Point.Text(derivative.Low)} to {Point.Text(derivative.High)}",
            Terrain.Jump => $"a jump of {turned}",
            Terrain.NotFinite => "values nearby are not finite, or no step keeps to one branch",
            _ when verdict == Verdict.Inconclusive => $"uncertain by {derivative.Uncertainty:G3}",
            _ => "",
        };
        return new(name, index, claim, derivative.Nearest(claim), derivative.ErrorOf(claim, Floor), verdict, reason);
    }

    /// <summary>Compares, and says what was found: the worst number, and the node whose own derivative fails the same comparison.</summary>
    public GradientReport Report(string method, Func<Subject, IEnumerable<ElementReport>> compare)
    {
        var found = compare(this).ToList();
        var worst = found.MaxBy(e => (e.Verdict, double.IsNaN(e.Error) ? double.PositiveInfinity : e.Error));
        var verdict = worst?.Verdict ?? Verdict.Pass;
        return new(method, Y, verdict, found.Count, worst, verdict == Verdict.Fail ? Blame.Find(this, compare) : null, At);
    }

    double[][] Compute()
    {
        var graphs = GradientGraphs();
        for (int i = 0; i < graphs.Length; i++)
            if (graphs[i].Type != Leaves[i].Type)
                throw new CheckException(
                    $"check: a gradient must be of its leaf's type; got {graphs[i].Type} for {Leaves[i]}. Its vjp has another shape."
                );
        var walk = new Walk([.. graphs]);
        var values = walk.Run(At);
        return [.. graphs.Select(g => values[walk.PlaceOf(g)])];
    }

    static string NameOf(Expr leaf) => ((Named)leaf.Op).Id;

    static double[] Drawn(Random random, int size) => [.. Enumerable.Range(0, size).Select(_ => 2 * random.NextDouble() - 1)];

    static int[] Drawn(Random random, int count, int most)
    {
        int[] all = [.. Enumerable.Range(0, count)];
        if (count <= most)
            return all;
        random.Shuffle(all);
        return all[..most];
    }
}
