namespace Cv.Dsl;

/// <summary>
/// Reads formulas that overflow or cancel, or are smooth but made of kinks, as the functions that they mean, which do not: a value comes closer to the exact one, and so does
/// its derivative. Applied to what a person wrote, as it is read.
/// </summary>
static class Stable
{
    public static Term Sum(Term a, Term b) => Smooth(a + b);

    public static Term Difference(Term a, Term b) =>
        (a, b) switch
        {
            ({ Function.Name: "Exp", Parts: [var x] }, _) when b.Is(1) => Call("Expm1", x), // exp x - 1 = expm1 x
            (_, { Function.Name: "Sigmoid", Parts: [var x] }) when a.Is(1) => Call("Sigmoid", -x), // 1 - sigmoid x = sigmoid -x
            _ => Smooth(a - b),
        };

    public static Term Quotient(Term a, Term b) =>
        OnePlusExp(b) is not { } x ? a / b
        : a == Call("Exp", x) ? Call("Sigmoid", x) // exp x / (1 + exp x) = sigmoid x
        : a * Call("Sigmoid", -x); // a / (1 + exp x) = a sigmoid -x

    public static Term Logarithm(Term a) =>
        OnePlusExp(a) is { } x ? Call("Softplus", x) // log(1 + exp x) = softplus x
        : OnePlus(a) is { } z ? Log1p(z) // log(1 + z) = log1p z
        : a is { Function.Name: "Sigmoid", Parts: [var s] } ? -Call("Softplus", -s) // log sigmoid x = -softplus -x
        : Call("Log", a);

    /// <summary>log1p(exp x) = softplus x.</summary>
    public static Term Log1p(Term z) => z is { Function.Name: "Exp", Parts: [var x] } ? Call("Softplus", x) : Call("Log1p", z);

    /// <summary>
    /// Finds max(a, b) and log1p(exp(-|a - b|)) among the terms of a sum, which are b + softplus(a - b): each has a kink where a = b, and the two together none. So with -min(a, b), which
    /// is max(-a, -b).
    /// </summary>
    static Term Smooth(Term sum)
    {
        var terms = new List<(Term Term, bool IsMinus)>();
        Flatten(sum, isMinus: false, terms);
        foreach (var (log, isMinus) in terms)
        {
            if (log is not { Function.Name: "Softplus", Parts: [var power] } || Magnitude(power) is not { } d)
                continue;
            foreach (var (kink, isOpposite) in terms)
            {
                if (Extreme(kink) is not var (a, b, isMax))
                    continue;
                if (isMax == (isMinus == isOpposite) && (d == a - b || d == b - a))
                    return Replaced(sum, kink, b, log, Call("Softplus", isMax ? a - b : b - a));
            }
        }
        return sum;
    }

    static void Flatten(Term t, bool isMinus, List<(Term, bool)> terms)
    {
        switch (t)
        {
            case (Head.Add, [var a, var b]):
                Flatten(a, isMinus, terms);
                Flatten(b, isMinus, terms);
                break;
            case (Head.Subtract, [var a, var b]):
                Flatten(a, isMinus, terms);
                Flatten(b, !isMinus, terms);
                break;
            case (Head.Negate, [var a]):
                Flatten(a, !isMinus, terms);
                break;
            default:
                terms.Add((t, isMinus));
                break;
        }
    }

    static Term Replaced(Term t, Term first, Term by, Term second, Term then) =>
        t == first ? by
        : t == second ? then
        : t.Head is Head.Add or Head.Subtract or Head.Negate
            ? t.Pool.Of(t.Head, [.. t.Parts.Select(p => Replaced(p, first, by, second, then))])
        : t;

    /// <summary>Gives d where a term is -|d|, in any way that people write it.</summary>
    static Term? Magnitude(Term t) =>
        t switch
        {
            (Head.Negate, [{ Function.Name: "Abs", Parts: [var d] }]) => d,
            (Head.Negate, [var most]) when Extreme(most) is (var a, var b, true) && a == -b => a,
            _ when Extreme(t) is (var a, var b, false) && a == -b => a,
            _ => null,
        };

    /// <summary>Gives a and b of max(a, b) or min(a, b), written as a conditional too.</summary>
    static (Term A, Term B, bool IsMax)? Extreme(Term t) =>
        t switch
        {
            { Function.Name: "Max", Parts: [var a, var b] } => (a, b, true),
            { Function.Name: "Min", Parts: [var a, var b] } => (a, b, false),
            (Head.Choose, [(Head.Greater or Head.GreaterEqual, [var p, var q]), var a, var b]) when a == p && b == q => (a, b, true),
            (Head.Choose, [(Head.Greater or Head.GreaterEqual, [var p, var q]), var a, var b]) when a == q && b == p => (a, b, false),
            (Head.Choose, [(Head.Less or Head.LessEqual, [var p, var q]), var a, var b]) when a == q && b == p => (a, b, true),
            (Head.Choose, [(Head.Less or Head.LessEqual, [var p, var q]), var a, var b]) when a == p && b == q => (a, b, false),
            // x > 0 ? x : -x compares with 0, not with -x
            (Head.Choose, [(var test, [var p, { IsZero: true }]), var a, var b]) when a == -b && (p == a || p == b) => test switch
            {
                Head.Greater or Head.GreaterEqual => (a, b, p == a),
                Head.Less or Head.LessEqual => (a, b, p == b),
                _ => null,
            },
            _ => null,
        };

    static Term? OnePlusExp(Term a) => OnePlus(a) is { Function.Name: "Exp", Parts: [var x] } ? x : null;

    static Term? OnePlus(Term a) =>
        a switch
        {
            (Head.Add, [var one, var x]) when one.Is(1) => x,
            (Head.Add, [var x, var one]) when one.Is(1) => x,
            (Head.Subtract, [var one, var x]) when one.Is(1) => -x,
            _ => null,
        };

    static Term Call(string function, Term x) => x.Pool.Call(function, x);
}
