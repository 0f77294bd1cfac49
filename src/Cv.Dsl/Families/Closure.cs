using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>The family of ops that hold a graph and run it. Its last arguments are constants: what the graph takes from outside, as it is.</summary>
/// <param name="Body">The graph.</param>
public abstract record Closure(Body Body) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Body}";

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        double[] whole = new double[result.Length];
        Run(operands.ToArray(), whole, null);
        whole.CopyTo(result);
    }

    /// <summary>Runs the graph by plain loops.</summary>
    /// <param name="operands">The values of the operands.</param>
    /// <param name="result">Takes the result.</param>
    /// <param name="seen">Is told where it is, and shown each node of the graph with its operands' values and its own; null for no one.</param>
    internal abstract void Run(double[][] operands, double[] result, Action<string, Expr, double[][], double[]>? seen);

    /// <summary>Counts the arguments before the constants.</summary>
    protected internal virtual int Leading => 0;

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) =>
        this with
        {
            Body = Body.Rebuild((e, operands) => Expr.Of(e.Op.Bind(binding), operands)),
        };

    /// <summary>Builds the body of a node anew, and drops constants that it reads no more; the node itself when nothing changed.</summary>
    internal Expr Rebuild(Expr y, Func<Expr, ImmutableArray<Expr>, Expr> make)
    {
        var body = Body.Rebuild(make);
        if (body.Equals(Body))
            return y;
        var read = body.Nodes.ToHashSet();
        var kept = Enumerable.Range(0, body.Arguments.Length).Where(i => i < Leading || read.Contains(body.Arguments[i])).ToList();
        var trimmed = new Body([.. kept.Select(i => body.Arguments[i])], body.Results);
        return Expr.Of(this with { Body = trimmed }, kept.Select(i => y.Operands[i]).ToImmutableArray());
    }

    /// <summary>Holds operands to what the body takes.</summary>
    protected void Check(ReadOnlySpan<TensorType> operands, Func<int, TensorType> expected)
    {
        if (operands.Length != Body.Arguments.Length)
            throw new ShapeException(
                $"{Name}: the body takes {Body.Arguments.Length} operands; got {operands.Length}. Build it by its verb."
            );
        for (int i = 0; i < operands.Length; i++)
            if (operands[i] != expected(i))
                throw new ShapeException(
                    $"{Name}: operand {i} must be {expected(i)}, as the body takes it; got {operands[i]}. Cast or reshape it."
                );
    }
}
