using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Lists the laws that keep digits, or stay finite, where the formula as it is written does not. Each right side is nearer to the real numbers than its left side, for
/// NaN and the infinities too; none costs more than a few operations.
/// </summary>
/// <remarks>Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 1.7 and 1.14; Maechler, "Accurately computing log(1 - exp(-|a|))" (2012).</remarks>
static partial class StableForms
{
    static readonly double LogOfHalf = -Math.Log(2);

    /// <summary>
    /// Keeps both values to the bit, and lets their ties go to opposite sides: for the derivative's sake alone, so it is of no use on the way to code. Chen, Mangasarian, "Smoothing methods" (1995)
    /// has the sum as the smooth maximum.
    /// </summary>
    public static Law SmoothMaximum { get; } =
        new("max(a, b) + log1p(exp(-|a - b|)) = b + softplus(a - b), by the side that ties go to", TieTogether);

    public static ImmutableArray<Law> Laws { get; } =
    [
        new("log(exp x) = x", e => e is (Log, [(Exp, [var x])]) ? x : null),
        new("log(1 + x) = log1p x", e => e is (Log, [var sum]) && OnePlus(sum) is { } x ? Fit(x.Log1p(), e) : null),
        new("exp x - 1 = expm1 x", ExponentialLessOne),
        new("log1p(exp x) = softplus x", e => e is (Log1p, [(Exp, [var x])]) && !IsNeverPositive(x) ? Softplus(x) : null),
        new("log(sigmoid x) = -softplus(-x)", LogOfSigmoid),
        new("1 - sigmoid x = sigmoid(-x)", OneLessSigmoid),
        new("exp x / (1 + exp x) = sigmoid x", e => Quotient(e) is var (a, x) && a == x.Exp() ? Fit(x.Sigmoid(), e) : null),
        new("a / (1 + exp x) = a sigmoid(-x)", Logistic),
        new("log(1 - exp x) = log(-expm1 x) or log1p(-exp x)", LogOfOneLessExponential),
        new("log(exp x - 1) = x + log(1 - exp(-x))", e => e is (Log, [(Expm1, [var x])]) ? x + OneLessExponential(Negate(x)) : null),
        new("sum exp x = exp m sum exp(x - m), within a logarithm", LogOfSumOfExponentials),
        new("exp x / sum exp x = exp(x - m) / sum exp(x - m)", Softmax),
        new("log(exp x / sum exp x) = x - log sum exp x", LogOfSoftmax),
        new("log(sum x / n) = log sum x - log n", LogOfMean),
        new("the logarithm of what is moved is the logarithm, moved", LogOfMoved),
        new("sqrt(x x) = |x|", RootOfSquare),
        new("|x|^p = x^p, for an even p", EvenPower),
        new("(sqrt x)^p = x^(p / 2), where x is not negative by its form", PowerOfRoot),
        SmoothMaximum,
    ];

    static Expr? ExponentialLessOne(Expr e) =>
        e switch
        {
            (Sub, [(Exp, [var x]), var one]) when IsConstant(one, 1) => Fit(x.Expm1(), e),
            (Sub, [var one, (Exp, [var x])]) when IsConstant(one, 1) => Fit(-x.Expm1(), e),
            (Add, [(Exp, [var x]), var one]) when IsConstant(one, -1) => Fit(x.Expm1(), e),
            (Add, [var one, (Exp, [var x])]) when IsConstant(one, -1) => Fit(x.Expm1(), e),
            _ => null,
        };

    static Expr? LogOfSigmoid(Expr e) =>
        e switch
        {
            (Log, [(Sigmoid, [var x])]) => -Softplus(Negate(x)),
            (Log1p, [(Neg, [(Sigmoid, [var x])])]) => -Softplus(x), // log(1 - sigmoid x)
            _ => null,
        };

    static Expr? OneLessSigmoid(Expr e) =>
        e is (Sub, [var one, (Sigmoid, [var x])]) && IsConstant(one, 1) ? Fit(Negate(x).Sigmoid(), e) : null;

    /// <summary>Gives a and x of a / (1 + exp x).</summary>
    static (Expr A, Expr X)? Quotient(Expr e) => e is (Div, [var a, var sum]) && OnePlus(sum) is (Exp, [var x]) ? (a, x) : null;

    static Expr? Logistic(Expr e)
    {
        // an exponential that cannot overflow does no harm, and is there already
        if (Quotient(e) is not var (a, x) || IsNeverPositive(x))
            return null;
        var part = Negate(x).Sigmoid();
        return Fit(IsConstant(a, 1) ? part : a * part, e);
    }

    static Expr? LogOfOneLessExponential(Expr e) =>
        e is (Log, [(Neg, [(Expm1, [var x])])]) && x is not (Maximum, [_, (Const, _)]) ? OneLessExponential(x) : null;

    /// <summary>
    /// Gives log(1 - exp x): near 0 through expm1, far below it through log1p. Each branch is kept from where the other holds, for the gradient's sake.
    /// </summary>
    static Expr OneLessExponential(Expr x) =>
        Expr.Select(x > LogOfHalf, (-x.Maximum(LogOfHalf).Expm1()).Log(), (-x.Minimum(LogOfHalf).Exp()).Log1p());

    /// <summary>
    /// Gives log(1 + exp x) without overflow. The minimum's tie goes to x, the maximum's to the constant, so that the derivative at 0 is a half, as it is beside it.
    /// </summary>
    static Expr Softplus(Expr x) => x.Maximum(0) + Negate(x).Minimum(x).Exp().Log1p();

    /// <summary>Gives x where the node is 1 + x.</summary>
    static Expr? OnePlus(Expr e) =>
        e switch
        {
            (Add, [var one, var x]) when IsConstant(one, 1) => x,
            (Add, [var x, var one]) when IsConstant(one, 1) => x,
            (Sub, [var one, var x]) when IsConstant(one, 1) => Negate(x),
            _ => null,
        };

    /// <summary>Tells that one node is the other, negated.</summary>
    public static bool AreOpposite(Expr a, Expr b) =>
        (a is (Neg, [var x]) && x == b)
        || (b is (Neg, [var z]) && z == a)
        || (a is (Sub, [var p, var q]) && b is (Sub, [var r, var s]) && p == s && q == r)
        || (a is (Broadcast, [var c]) && b is (Broadcast, [var d]) && AreOpposite(c, d));

    /// <summary>Tells that a node is at most 0 by its form, so that its exponential cannot overflow.</summary>
    static bool IsNeverPositive(Expr x) =>
        x switch
        {
            _ when Magnitude(x) is not null => true,
            (Neg, [(Mul, [var a, var b])]) => a == b,
            (Minimum, [var a, var b]) => AreOpposite(a, b) || b.Op is Const { Value: <= 0 },
            (Sub, [var a, var s]) => Folded(s, exactly: false) is (ReduceMax, [var z]) && Repeated(z) == Repeated(a),
            _ => false,
        };

    static Expr Negate(Expr x) => x is (Neg, [var z]) ? z : -x;

    static bool IsConstant(Expr e, double value)
    {
        while (e.Op is Broadcast or Reshape)
            e = e.Operands[0];
        return e.Op is Const c ? c.Value == value : e.Op is Literal { Values: var all } && all.Length > 0 && !all.ContainsAnyExcept(value);
    }

    /// <summary>Gives a node the shape of the one that it stands for, which may have come from a repeated constant.</summary>
    static Expr Fit(Expr e, Expr like) => e.BroadcastTo(like.Shape);
}
