using Cv.Dsl;

namespace Cv.Compiler;

/// <content>Smooth functions that are made of parts with a kink: the kinks cancel, but their derivatives do not find that out.</content>
static partial class StableForms
{
    static Expr? TieTogether(Expr e)
    {
        if (e.Op is not (Add or Sub))
            return null;
        var terms = new List<(Expr Term, bool IsMinus, string Around)>();
        Flatten(e, isMinus: false, "", terms);
        foreach (var (log, isMinus, around) in terms)
        {
            if (log is not (Log1p, [(Exp, [var power])]) || Magnitude(power) is not { } d)
                continue;
            foreach (var (kink, isOpposite, beside) in terms)
            {
                if (
                    around != beside
                    || Extreme(kink) is not var (a, b, isMax, tieToFirst)
                    || isMax != (isMinus == isOpposite)
                    || !IsDifference(d, a, b)
                )
                    continue;
                // at a tie the maximum has the derivative of one side, so the other part has half of the way from there to the other's
                var way = isMax == tieToFirst ? Difference(b, a) : Difference(a, b);
                var smooth = Fit(Negate(way).Minimum(way).Exp().Log1p(), log);
                return smooth == log ? null : Replaced(e, log, smooth);
            }
        }
        return null;
    }

    /// <summary>Lists the terms of a sum, also behind what is linear in it, and says what stands around each.</summary>
    static void Flatten(Expr e, bool isMinus, string around, List<(Expr, bool, string)> terms)
    {
        switch (e)
        {
            case (Add, [var a, var b]):
                Flatten(a, isMinus, around, terms);
                Flatten(b, isMinus, around, terms);
                break;
            case (Sub, [var a, var b]):
                Flatten(a, isMinus, around, terms);
                Flatten(b, !isMinus, around, terms);
                break;
            case (Neg, [var a]):
                Flatten(a, !isMinus, around, terms);
                break;
            case (Mul or Div, [var a, (Const or Extent, _) and var factor]):
                Flatten(a, isMinus, $"{around}{e.Op.Name}{factor.Op};", terms);
                break;
            case (ReduceSum or Reshape, [var a]):
                Flatten(a, isMinus, $"{around}{e.Op}{a.Shape};", terms);
                break;
            default:
                terms.Add((e, isMinus, around));
                break;
        }
    }

    static Expr Replaced(Expr e, Expr old, Expr by) =>
        e == old ? by
        : e.Op is Add or Sub or Neg or ReduceSum or Reshape || e is (Mul or Div, [_, (Const or Extent, _)])
            ? e.With([.. e.Operands.Select(o => Replaced(o, old, by))])
        : e;

    /// <summary>Gives d where a node is -|d|.</summary>
    static Expr? Magnitude(Expr e) =>
        e switch
        {
            (Neg, [var most]) => Absolute(most),
            (Mul, [var most, var factor]) when IsConstant(factor, -1) => Absolute(most),
            (Mul, [var factor, var most]) when IsConstant(factor, -1) => Absolute(most),
            (Sub, [var zero, var most]) when IsConstant(zero, 0) => Absolute(most),
            _ when Extreme(e) is (var a, var b, false, _) && AreOpposite(a, b) => a,
            _ => null,
        };

    static Expr? Absolute(Expr e) =>
        e is (Abs, [var d]) ? d
        : Extreme(e) is (var a, var b, true, _) && AreOpposite(a, b) ? a
        : null;

    /// <summary>Gives a and b of max(a, b) or min(a, b), and which of them has the gradient where they tie.</summary>
    static (Expr A, Expr B, bool IsMax, bool TieToFirst)? Extreme(Expr e) =>
        e switch
        {
            (Maximum, [var a, var b]) => (a, b, true, false),
            (Minimum, [var a, var b]) => (a, b, false, false),
            (Gated { Gate: var gate }, [var x]) when gate.Equals(Gate.Relu) => (x, x.Like(0), true, false),
            (Select, [(Greater or GreaterEqual, [var p, var q]) and var test, var a, var b]) => Selected(
                p,
                q,
                a,
                b,
                test.Op is GreaterEqual
            ),
            (Select, [(Less or LessEqual, [var p, var q]) and var test, var a, var b]) => Selected(q, p, a, b, test.Op is LessEqual),
            (Mul, [var x, (Cast, [(Greater or GreaterEqual, [var p, var zero]) and var test])]) when x == p && IsConstant(zero, 0) => (
                x,
                x.Like(0),
                true,
                test.Op is GreaterEqual
            ),
            _ => null,
        };

    /// <summary>Reads select(p > q, a, b), where p and q are the two themselves, or one of them and 0.</summary>
    static (Expr A, Expr B, bool IsMax, bool TieToFirst)? Selected(Expr p, Expr q, Expr a, Expr b, bool tieToFirst) =>
        Is(p, a) && Is(q, b) ? (a, b, true, tieToFirst)
        : Is(p, b) && Is(q, a) ? (a, b, false, tieToFirst)
        : IsConstant(q, 0) && AreOpposite(a, b) && p == a ? (a, b, true, tieToFirst)
        : IsConstant(q, 0) && AreOpposite(a, b) && p == b ? (a, b, false, tieToFirst)
        : null;

    static bool Is(Expr a, Expr b) => a == b || (IsConstant(a, 0) && IsConstant(b, 0));

    static bool IsDifference(Expr d, Expr a, Expr b) =>
        (d is (Sub, [var p, var q]) && ((Is(p, a) && Is(q, b)) || (Is(p, b) && Is(q, a))))
        || (IsConstant(b, 0) && (d == a || AreOpposite(d, a)))
        || (IsConstant(a, 0) && (d == b || AreOpposite(d, b)));

    /// <summary>Gives a - b.</summary>
    static Expr Difference(Expr a, Expr b) =>
        IsConstant(b, 0) ? a
        : IsConstant(a, 0) ? Negate(b)
        : a - b;

    static Expr? RootOfSquare(Expr e) =>
        e switch
        {
            (Sqrt, [(Mul, [var a, var b])]) when a == b => a.Abs(),
            (Sqrt, [(Pow, [var a, var two])]) when IsConstant(two, 2) => Fit(a.Abs(), e),
            _ => null,
        };

    static Expr? EvenPower(Expr e) =>
        e switch
        {
            (Mul, [(Abs, [var x]) and var a, var b]) when a == b => x * x,
            (Pow, [(Abs, [var x]), (Const(var power, _), _)]) when power % 2 == 0 => x.Pow(power),
            _ => null,
        };

    static Expr? PowerOfRoot(Expr e) =>
        e switch
        {
            (Mul, [var a, var b]) when a == b && Rooted(a) is { } x => x,
            (Pow, [var a, (Const(var power, _), _)]) when power >= 2 && Rooted(a) is { } x => power == 2 ? x : x.Pow(power / 2),
            _ => null,
        };

    /// <summary>Gives x where a node is sqrt x, moved or not, and x is not negative by its form.</summary>
    static Expr? Rooted(Expr e) =>
        e is (Sqrt, [var x]) ? (IsNeverNegative(x) ? x : null)
        : e.Op is Reshape or Transpose or Broadcast or Slice or Flip && Rooted(e.Operands[0]) is { } moved ? e.With([moved])
        : null;

    /// <summary>Tells that a node is at least 0, or NaN, by its form.</summary>
    static bool IsNeverNegative(Expr e) =>
        e switch
        {
            (Abs or Exp or Sigmoid or Sqrt or Variance or Norm or Uniform or Extent or Iota, _) => true,
            (Const(var value, _), _) => !(value < 0),
            (Literal { Values: var all }, _) => !all.ContainsAnyInRange(double.NegativeInfinity, -double.Epsilon),
            (Mul, [var a, var b]) => a == b || (IsNeverNegative(a) && IsNeverNegative(b)),
            (Add or Div or Minimum, [var a, var b]) => IsNeverNegative(a) && IsNeverNegative(b),
            (Maximum, [var a, var b]) => IsNeverNegative(a) || IsNeverNegative(b),
            (Pow, [var a, (Const(var power, _), _)]) => power % 2 == 0 || IsNeverNegative(a),
            (Gated { Gate: var gate }, _) => gate.Equals(Gate.Relu) || gate.Equals(Gate.Softplus),
            (Cast, [{ DType: DType.Bool }]) => true,
            (Select, [_, var a, var b]) => IsNeverNegative(a) && IsNeverNegative(b),
            (ReduceSum or ReduceMax or ReduceMin or SumPool2d or Movement or StopGradient or Cast, [var x]) => IsNeverNegative(x),
            (MaxPool2d, [_, var x]) => IsNeverNegative(x),
            (Concat, var parts) => parts.All(IsNeverNegative),
            _ => false,
        };
}
