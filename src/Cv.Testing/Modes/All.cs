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
        // as its samples have it, with their attributes; a step op jumps, and says so in its document
        foreach (
            var own in op.Samples().SelectMany(s => Expr.Nodes(s)).Select(n => n.Op).Where(o => o.GetType() == op.GetType()).Distinct()
        )
            if (Formula.Of(own) is { } formula)
                MustNotFail(Everywhere(formula, jumps: true));
    }

    /// <summary>
    /// Checks a gate: its derivatives at every scale and at the thresholds of its formula; in every other way, on a matrix, on one number and on nothing; and its gradient within
    /// random graphs, where it meets other ops. What fails is cut down to a minimal graph.
    /// </summary>
    /// <param name="gate">The gate.</param>
    /// <param name="graphs">How many random graphs to try it in.</param>
    /// <param name="jumps">Whether the value may jump, as that of a step does: unless told, a jump is a mistake, for no derivative is right there.</param>
    /// <example><code>Check.Gate(swish);</code></example>
    /// <exception cref="CheckException">A derivative is wrong; or a value or derivative is not finite in f32 though the exact one is; or no way could judge it.</exception>
    /// <exception cref="GraphException">The gate takes none of these shapes: check a loss made of it, by <see cref="All(Expr, Point, CheckOptions?)"/>.</exception>
    public static void Gate(Gate gate, int graphs = 10, bool jumps = false) => Gate(gate.Name, gate.Of, gate.Count, graphs, jumps);

    /// <summary>Checks any function of one node as a gate.</summary>
    /// <param name="gate">The function.</param>
    /// <param name="graphs">How many random graphs to try it in.</param>
    /// <param name="jumps">Whether the value may jump.</param>
    /// <example><code>Check.Gate(x => x * x.Sigmoid());</code></example>
    /// <exception cref="CheckException">A derivative is wrong, or no way could judge it.</exception>
    public static void Gate(Func<Expr, Expr> gate, int graphs = 10, bool jumps = false) =>
        Gate("the function", x => gate(x[0]), 1, graphs, jumps);

    /// <summary>Checks a gate in every way, and gives the report instead of throwing what is wrong.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="graphs">How many random graphs to try it in.</param>
    /// <param name="jumps">Whether the value may jump.</param>
    /// <example><code>Console.WriteLine(Check.GateReport(swish));</code></example>
    /// <exception cref="GraphException">The gate takes no matrix of [3, 4], no number and nothing empty.</exception>
    public static GradientReport GateReport(Gate gate, int graphs = 10, bool jumps = false)
    {
        ArgumentNullException.ThrowIfNull(gate);
        try
        {
            return Gate(gate.Name, gate.Of, gate.Count, graphs, jumps);
        }
        catch (CheckException e) when (e.Report is not null)
        {
            return e.Report;
        }
    }

    /// <summary>Gives the property that gradients are right in random graphs that hold the gate, for FsCheck's runner; it shrinks.</summary>
    /// <example><code>Check.GateProperty(swish).QuickCheckThrowOnFailure();</code></example>
    public static Property GateProperty(Gate gate) => GraphProperty(Growing(gate.Of, gate.Count));

    /// <inheritdoc cref="GateProperty(Gate)"/>
    public static Property GateProperty(Func<Expr, Expr> gate) => GraphProperty(Growing(x => gate(x[0]), 1));

    /// <summary>Gives the property that gradients are right in random graphs, for FsCheck's runner; it shrinks.</summary>
    /// <example><code>Check.GraphProperty().QuickCheckThrowOnFailure();</code></example>
    public static Property GraphProperty(GrowthOptions? options = null) =>
        Prop.ForAll(RandomGraphs.Arbitrary(options), graph => MustNotFail(Of(graph)));

    // value and derivative may hold literals that round from one constant, each by half an ulp of f32: a part of 6e-8, which a chain of ops magnifies
    const double LiteralsOfFloats = 1e-5;

    static GradientReport Gate(string name, Func<Expr[], Expr> gate, int count, int graphs, bool jumps)
    {
        GradientReport? report = null;
        bool rounded = false;
        if (Formula.Of(name, gate, count) is { } formula)
        {
            rounded = formula.All.Any(t => t.Head == Head.Number && !Literals.IsExact(t.Value) && Literals.IsOfFloat(t.Value));
            report = Everywhere(formula, jumps) with { Proof = Prover.Of(formula) };
            if (report.Verdict > Verdict.Pass)
                throw new CheckException(report, new GraphCase(report.Subject, report.At));
            if (report.Proof.IsProved)
                report = report with { Verdict = Verdict.Proved };
        }
        // what was compared exactly has literals of its own precision: what is left to see is of the size of the whole gradient
        var options = CheckOptions.Default with
        {
            Floor = report is null ? CheckOptions.Default.Floor : 1,
            Right = rounded ? LiteralsOfFloats : CheckOptions.Default.Right,
        };
        var shapes = (Shape[])[new(3, 4), default, new(2, 0)];
        for (int i = 0; i < shapes.Length; i++)
        for (int seed = 1; seed <= 2; seed++)
        {
            // the first operand whole, the others as wide or broadcast
            var operands = Enumerable
                .Range(0, count)
                .Select(o => Expr.Input($"x{o}", o == 0 || i > 0 || seed == 1 ? shapes[i] : new(1, 4), DType.F64));
            var passed = MustPass(Subject.Prepare(gate([.. operands])), seed, options);
            report ??= passed;
        }
        if (report is null)
            AtScales(gate, count);
        var growing = Growing(gate, count);
        for (int seed = 1; seed <= graphs; seed++)
            Judge(RandomGraphs.Grow(seed, growing), options);
        return report!;
    }

    /// <summary>Checks what is no function of each element alone at other scales, at 0 and at ties, where a wrong number is one by differences and by dual numbers.</summary>
    static void AtScales(Func<Expr[], Expr> gate, int count)
    {
        var y = Subject.Prepare(gate([.. Enumerable.Range(0, count).Select(o => Expr.Input($"x{o}", new(3, 4), DType.F64))]));
        var drawn = Point.Random(3, y);
        foreach (double scale in (double[])[1e-30, 1e-3, 10, 100, 1e4, 0])
        {
            var at = new Point(
                drawn.Names.ToDictionary(n => n, n => drawn[n].Select(v => scale == 0 ? 1 : v * scale).ToArray(), StringComparer.Ordinal)
            );
            var subject = new Subject(
                y,
                at,
                CheckOptions.Default with
                {
                    Step = CheckOptions.Default.Step * Math.Max(scale, scale == 0 ? 1 : 0),
                }
            );
            var report = Gradient(subject);
            if (report.Verdict == Verdict.Fail && (scale == 0 || Known(Dual, subject) is not { Verdict: < Verdict.Fail }))
                throw new CheckException(report);
        }
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

    static GradientReport Of(GraphCase graph, CheckOptions? options = null) =>
        Gradient(graph.Y, graph.At, (options ?? CheckOptions.Default) with { Elements = 12 });

    static void Judge(GraphCase graph, CheckOptions options)
    {
        if (Of(graph, options).Verdict != Verdict.Fail)
            return;
        var minimal = Shrinking.Minimal(graph, g => Of(g, options).Verdict == Verdict.Fail);
        throw new CheckException(Of(minimal, options), minimal);
    }

    static void MustNotFail(GradientReport report)
    {
        if (report.Verdict == Verdict.Fail)
            throw new CheckException(report);
    }

    /// <summary>Asks that no way fails, and that some way passes; gives the first that does.</summary>
    static GradientReport MustPass(Expr y, int seed, CheckOptions? options = null)
    {
        var reports = All(y, Point.Random(seed, y), options);
        foreach (var report in reports)
            MustNotFail(report);
        return reports.FirstOrDefault(r => r.Passed) ?? throw new CheckException(reports[0]);
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
        catch (GraphException) when (Opaque.Holds(subject.Y))
        {
            return null; // a derivative that calls methods of the user has none itself
        }
    }
}
