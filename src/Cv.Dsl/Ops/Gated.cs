using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Applies a gate's scalar function to each element: the op of every <see cref="ScalarGate"/>, by whose name it goes. Operands are f32 or f64 and share a
/// dtype; shapes broadcast.
/// </summary>
/// <param name="Gate">The function.</param>
/// <remarks>It expands to primitive ops, so that it fuses and shares what it computes with its gradient.</remarks>
public sealed record Gated(ScalarGate Gate) : Elementwise
{
    /// <inheritdoc/>
    public override string Name => Gate?.Name ?? "gated";

    /// <summary>Broadcasts the operands, which must be f32 or f64 and share a dtype.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        Gate.CheckCount(operands.Length);
        return new(SameFloat(Name, operands), Broadcasting.Unify(Name, operands));
    }

    /// <inheritdoc/>
    public override LambdaExpression Scalar => Gate.Rule;

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => Gate.Flows(y, dy);

    /// <summary>Takes the derivative that was written by hand, where one was: both ways must tell the same.</summary>
    private protected override LambdaExpression Slope(int argument) =>
        Gate.HasOwnDerivative ? Gate.DerivativeRule(argument) : base.Slope(argument);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => Gate.IsSteady(operand);

    /// <inheritdoc/>
    internal override Expr? Choice(Expr y, int operand) => Gate.Choice(y, operand);

    /// <summary>Is the rule, written in primitive ops; a function that has none is left as it is.</summary>
    public override Expr? Expand(Expr y) => Gate.Expand(y);

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b) = (Expr.Input("a", [2, 3], DType.F64), Expr.Input("b", [2, 1], DType.F64)); // in f32 the parts of a rule round, each by itself
        return
        [
            a.Apply(Dsl.Gate.Define("swish", x => x / (1 + MathF.Exp(-x)))),
            a.Apply(Dsl.Gate.Define("bent", (x, z) => x > z ? x * z : MathF.Cosh(x)), b),
        ];
    }
}
