using System.Collections.Immutable;
using System.Linq.Expressions;
using Cv.Dsl;

namespace Cv.Foreign;

/// <summary>Divides by a magnitude: x / (1 + |x|).</summary>
sealed record Softsign : Unary
{
    public override LambdaExpression Scalar => Rule(x => x / (1 + Math.Abs(x)));

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * (1.0 - y.Abs()) * (1.0 - y.Abs())];

    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [4, 37]).Softsign()];
}

/// <summary>Multiplies by a number that the rule captures.</summary>
sealed record Scaled(double Factor) : Unary
{
    public override LambdaExpression Scalar => Rule(x => x * Factor + Offset);

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * Factor];

    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [4, 37]);
        return [Expr.Of(new Scaled(3), x), Expr.Of(new Scaled(0.5), x) - Expr.Of(new Scaled(-2), x)];
    }

    static double Offset => 0.25;
}

/// <summary>Takes the rest of a division by 2: an operator that vectors have not.</summary>
sealed record Rest : Unary
{
    public override LambdaExpression Scalar => Rule(x => x % 2);

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy];

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Rest(), Expr.Input("x", [3, 19]) * 5f)];
}

/// <summary>Rounds to one digit, away from zero: a method of Math with other arguments than numbers.</summary>
sealed record Rounded : Unary
{
    public override LambdaExpression Scalar => Rule(x => Math.Round(x, 1, MidpointRounding.AwayFromZero));

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Rounded(), Expr.Input("x", [3, 19]))];
}

/// <summary>Drops the fraction by a conversion.</summary>
sealed record Whole : Unary
{
    public override LambdaExpression Scalar => Rule(x => (int)(x * 4));

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Whole(), Expr.Input("x", [3, 19]))];
}

/// <summary>Calls a method of the user's own that has the name of one that is not.</summary>
sealed record Own : Unary
{
    public override LambdaExpression Scalar => Rule(x => Exp(x));

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Own(), Expr.Input("x", [3, 19]))];

    static double Exp(double x) => x - 1;
}

/// <summary>Multiplies whole numbers by one and a half, and drops the fraction.</summary>
sealed record HalfAsMuch : Elementwise
{
    public override LambdaExpression Scalar => Rule(x => x * 1.5);

    public override IEnumerable<Expr> Samples() => [Expr.Of(new HalfAsMuch(), Expr.Input("i", [3, 19], DType.I32))];
}

/// <summary>Gives 1 or 0 as a number by a rule that gives a truth value.</summary>
sealed record IsLarge : Unary
{
    public override LambdaExpression Scalar => (Expression<Func<double, bool>>)(x => x > 0.5);

    public override IEnumerable<Expr> Samples() => [Expr.Of(new IsLarge(), Expr.Input("x", [3, 19]))];
}

/// <summary>Has an Evaluate of its own, which says another thing than the rule: it adds the element's number.</summary>
sealed record Placed : Unary
{
    public override LambdaExpression Scalar => Rule(x => x);

    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        for (int i = 0; i < result.Length; i++)
            result[i] = operands[0][i] + i;
    }

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy];

    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) => null;

    public override IEnumerable<Expr> Samples() => [Expr.Of(new Placed(), Expr.Input("x", [3, 19]))];
}

/// <summary>Wants operands of one shape.</summary>
sealed record Mixed : Binary
{
    public override LambdaExpression Scalar => Rule((a, b) => a * 0.75 + b * 0.25);

    public override TensorType Infer(ReadOnlySpan<TensorType> operands) =>
        operands[0] == operands[1]
            ? operands[0]
            : throw new ShapeException($"mixed: operands must be of one type; got {operands[1]}. Broadcast.");

    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * 0.75, dy * 0.25];

    public override IEnumerable<Expr> Samples()
    {
        var (a, b) = (Expr.Input("a", [3, 19]), Expr.Input("b", [3, 1]));
        return [Expr.Of(new Mixed(), a, b.BroadcastTo(a.Shape)), Expr.Of(new Mixed(), a, a.Like(2).BroadcastTo(a.Shape))];
    }
}

/// <summary>Tests that numbers are near each other.</summary>
sealed record Near(double By) : Comparison
{
    public override LambdaExpression Scalar => Test((a, b) => Math.Abs(a - b) < By);

    public override IEnumerable<Expr> Samples() =>
        [
            Expr.Of(new Near(0.5), Expr.Input("a", [3, 19]), Expr.Input("b", [3, 1])),
            Expr.Of(new Near(2), Expr.Input("i", [5], DType.I32), Expr.Input("j", [5], DType.I32)),
        ];
}

/// <summary>Holds where just one of two masks does.</summary>
sealed record Either : Logical
{
    public override LambdaExpression Scalar => (Expression<Func<bool, bool, bool>>)((a, b) => (a || b) && !(a && b));
}

/// <summary>Holds where masks differ, by an operator that vectors have not.</summary>
sealed record Differ : Logical
{
    public override LambdaExpression Scalar => (Expression<Func<bool, bool, bool>>)((a, b) => a ^ b);
}

static class ForeignVerbs
{
    public static Expr Softsign(this Expr x) => Expr.Of(new Softsign(), x);
}
