using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Raises a to the power b, elementwise. Operands are f32 or f64 and share a dtype; shapes broadcast.</summary>
/// <remarks>
/// A negative base with a power that is not whole is NaN. The gradient with respect to the power is 0 where the base is not positive.
/// </remarks>
public sealed record Pow : Binary
{
    /// <summary>Broadcasts the operands, which must be f32 or f64.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        SameFloat(Name, operands);
        return base.Infer(operands);
    }

    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((a, b) => Math.Pow(a, b));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (a, b) = (y.Operands[0], y.Operands[1]);
        var da = dy * SlopeByBase(a, b);
        if (b.Op is Const)
            return [b.Op is Const { Value: 0 } ? dy.Like(0) : da, null];
        // mask before the logarithm: log of a base that is not positive would put NaN into the gradient
        var safe = Expr.Select(a > 0.0, a, a.Like(1));
        return [da, dy * Expr.Select(a > 0.0, y * safe.Log(), y.Like(0))];
    }

    /// <summary>
    /// Gives b a^(b - 1), and 0 for the power 0 where the base is NaN or so near to 0 that its reciprocal overflows: not 0 times infinity, which is NaN. Elsewhere it stays a function of the power, whose own
    /// derivative at 0 is not 0.
    /// </summary>
    static Expr SlopeByBase(Expr a, Expr b)
    {
        if (b.Op is Const { Value: var power })
            return power == 0 ? a.Like(0) : b * a.Pow(power - 1);
        return Expr.Select(b.EqualTo(0) & !(a.Abs() > LeastInvertible(a.DType)), a.Like(0), b * a.Pow(b - 1.0));
    }

    /// <summary>Gives a number a little above the reciprocal of the largest one: what is smaller has an infinite reciprocal.</summary>
    static double LeastInvertible(DType dtype) => dtype == DType.F32 ? 3e-39 : 6e-309;

    /// <summary>Differentiates a constant power as one, so that it stays where the power is 0.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        if (y.Operands[1].Op is not Const { Value: var power } || tangents[0] is not { } dx || tangents[1] is not null)
            return base.Jvp(y, tangents);
        var x = Expression.Parameter(typeof(double), "x");
        var rule = Expression.Lambda(Expression.Call(typeof(Math), nameof(Math.Pow), null, x, Expression.Constant(power)), x);
        var slope = ScalarGraph.Of(ScalarDerivative.Of(rule, 0), y.Operands[0]);
        return slope is (Const(0, _), _) ? null : slope * dx;
    }

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [var x, (Const(0, _), _)]) => x.Like(1).BroadcastTo(x.Shape), // x^0 = 1, for NaN too (IEEE 754 pow)
            (_, [var x, (Const(1, _), _)]) => x, // x^1 = x
            (_, [var x, (Const(2, _), _)]) => x * x, // x^2 = x x
            (_, [var x, (Const(-1, _), _)]) => x.Like(1) / x, // x^-1 = 1 / x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() =>
        [Expr.Input("a", [2, 3]).Abs().Pow(Expr.Input("b", [2, 1])), Expr.Input("a", [2, 3]).Pow(3), Expr.Input("a", [2, 3]).Pow(2)];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Pow"/>
    public static Expr Pow(this Expr a, Expr b) => Expr.Of(new Pow(), a, b);

    /// <inheritdoc cref="Dsl.Pow"/>
    public static Expr Pow(this Expr a, double b) => a.Pow(a.Like(b));
}
