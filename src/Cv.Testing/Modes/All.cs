using System.Collections.Immutable;
using Cv.Dsl;
using FsCheck;
using FsCheck.Fluent;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>Lists every way of checking a first derivative, and the second: each is independent of the others.</summary>
    internal static ImmutableArray<Func<Subject, GradientReport>> Methods { get; } =
    [Gradient, Dual, ComplexStep, s => DotProduct(s), s => Directional(s), s => Taylor(s), s => SecondOrder(s), s => HessianSymmetry(s)];

    /// <summary>
    /// Checks a gradient in every way that applies: differences by element and by direction, Taylor's remainder, dual numbers, the complex step, forward against
    /// reverse, and second derivatives. An oracle that does not know one of the functions is left out.
    /// </summary>
    /// <example><code>foreach (var report in Check.All(loss, at)) Console.WriteLine(report);</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static ImmutableArray<GradientReport> All(Expr y, Point at, CheckOptions? options = null) => All(new Subject(y, at, options));

    internal static ImmutableArray<GradientReport> All(Subject subject) =>
        [.. Methods.Select(method => Known(method, subject)).OfType<GradientReport>()];

    /// <summary>Checks an op's own derivative, forward and back, in every way, on each of its samples.</summary>
    /// <example><code>Check.Op(new Softsign());</code></example>
    /// <exception cref="CheckException">A derivative is wrong, or no way could judge it.</exception>
    public static void Op(Op op, int seeds = 2)
    {
        foreach (var sample in op.Samples().Where(s => s.DType.IsFloat()))
            for (int seed = 1; seed <= seeds; seed++)
                MustPass(Subject.Prepare(sample), seed);
    }

    /// <summary>
    /// Checks a gate: its derivatives in every way, on a matrix, on one number and on nothing, and its gradient within random graphs, where it meets other ops. What
    /// fails is cut down to a minimal graph.
    /// </summary>
    /// <example><code>Check.Gate(swish);</code></example>
    /// <exception cref="CheckException">A derivative is wrong, or no way could judge it.</exception>
    /// <exception cref="GraphException">The gate takes none of these shapes: check a loss made of it, by <see cref="All(Expr, Point, CheckOptions?)"/>.</exception>
    public static void Gate(Gate gate, int graphs = 10) => Gate(gate.Of, gate.Count, graphs);

    /// <summary>Checks any function of one node as a gate.</summary>
    /// <example><code>Check.Gate(x => x * x.Sigmoid());</code></example>
    /// <exception cref="CheckException">A derivative is wrong, or no way could judge it.</exception>
    public static void Gate(Func<Expr, Expr> gate, int graphs = 10) => Gate(x => gate(x[0]), 1, graphs);

    /// <summary>Gives the property that gradients are right in random graphs that hold the gate, for FsCheck's runner; it shrinks.</summary>
    /// <example><code>Check.GateProperty(swish).QuickCheckThrowOnFailure();</code></example>
    public static Property GateProperty(Gate gate) => GraphProperty(Growing(gate.Of, gate.Count));

    /// <inheritdoc cref="GateProperty(Gate)"/>
    public static Property GateProperty(Func<Expr, Expr> gate) => GraphProperty(Growing(x => gate(x[0]), 1));

    /// <summary>Gives the property that gradients are right in random graphs, for FsCheck's runner; it shrinks.</summary>
    /// <example><code>Check.GraphProperty().QuickCheckThrowOnFailure();</code></example>
    public static Property GraphProperty(GrowthOptions? options = null) =>
        Prop.ForAll(RandomGraphs.Arbitrary(options), graph => MustNotFail(Of(graph)));

    static void Gate(Func<Expr[], Expr> gate, int count, int graphs)
    {
        var shapes = (Shape[])[new(3, 4), default, new(2, 0)];
        for (int i = 0; i < shapes.Length; i++)
        for (int seed = 1; seed <= 2; seed++)
        {
            // the first operand whole, the others as wide or broadcast
            var operands = Enumerable
                .Range(0, count)
                .Select(o => Expr.Input($"x{o}", o == 0 || i > 0 || seed == 1 ? shapes[i] : new(1, 4), DType.F64));
            MustPass(Subject.Prepare(gate([.. operands])), seed);
        }
        var options = Growing(gate, count);
        for (int seed = 1; seed <= graphs; seed++)
            Judge(RandomGraphs.Grow(seed, options));
    }

    static GrowthOptions Growing(Func<Expr[], Expr> gate, int count)
    {
        Expr Grow(Nursery nursery)
        {
            var x = nursery.Any();
            return gate([x, .. Enumerable.Range(1, count - 1).Select(_ => nursery.Partner(x))]);
        }
        return GrowthOptions.Default with { Steps = 5, Own = [new("gate", Grow)] };
    }

    static GradientReport Of(GraphCase graph) => Gradient(graph.Y, graph.At, CheckOptions.Default with { Elements = 12 });

    static void Judge(GraphCase graph)
    {
        if (Of(graph).Verdict != Verdict.Fail)
            return;
        var minimal = Shrinking.Minimal(graph, g => Of(g).Verdict == Verdict.Fail);
        throw new CheckException($"{Of(minimal)}\n{minimal}");
    }

    static void MustNotFail(GradientReport report)
    {
        if (report.Verdict == Verdict.Fail)
            throw new CheckException(report);
    }

    /// <summary>Asks that no way fails, and that some way passes.</summary>
    static void MustPass(Expr y, int seed)
    {
        var reports = All(y, Point.Random(seed, y));
        foreach (var report in reports)
            MustNotFail(report);
        if (!reports.Any(r => r.Passed))
            throw new CheckException(reports[0]);
    }

    static GradientReport? Known(Func<Subject, GradientReport> method, Subject subject)
    {
        try
        {
            return method(subject);
        }
        catch (UnknownToOracleException)
        {
            return null;
        }
    }
}
