using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the smaller of two elements; NaN if either is NaN. Operands share a dtype; shapes broadcast.</summary>
/// <remarks>Routes the gradient to the smaller operand; at a tie, to the second.</remarks>
public sealed record Minimum : Binary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((a, b) => Math.Min(a, b));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (a, b) = (y.Operands[0], y.Operands[1]);
        return [Expr.Select(y < b, dy, dy.Like(0)), Expr.Select(y < b, dy.Like(0), dy)];
    }

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    internal override Expr? Choice(Expr y, int operand) => operand == 0 ? y < y.Operands[1] : Mask.Not(y < y.Operands[1]);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Const, _) and var c, var x]) when x.Op is not Const => x.Minimum(c), // constants stand on the right
            (_, [var a, var b]) when a == b => a, // min(x, x) = x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b, s) = (Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1]), Expr.Input("s", []));
        return [(a).Minimum(b), (s).Minimum(a)];
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Minimum"/>
    public static Expr Minimum(this Expr a, Expr b) => Expr.Of(new Minimum(), a, b);

    /// <inheritdoc cref="Dsl.Minimum"/>
    public static Expr Minimum(this Expr a, double b) => a.Minimum(a.Like(b));
}
