namespace Cv.Dsl;

/// <summary>
/// Reads formulas that overflow or cancel as the functions that they mean, which do not: a value comes closer to the exact one, and so does its derivative.
/// Applied to what a person wrote, as it is read.
/// </summary>
static class Stable
{
    public static Term Difference(Term a, Term b) =>
        (a, b) switch
        {
            ({ Function.Name: "Exp", Parts: [var x] }, _) when b.Is(1) => Call("Expm1", x), // exp x - 1 = expm1 x
            (_, { Function.Name: "Sigmoid", Parts: [var x] }) when a.Is(1) => Call("Sigmoid", -x), // 1 - sigmoid x = sigmoid -x
            _ => a - b,
        };

    public static Term Quotient(Term a, Term b) =>
        OnePlusExp(b) is not { } x ? a / b
        : a == Call("Exp", x) ? Call("Sigmoid", x) // exp x / (1 + exp x) = sigmoid x
        : a * Call("Sigmoid", -x); // a / (1 + exp x) = a sigmoid -x

    public static Term Logarithm(Term a) =>
        OnePlusExp(a) is { } x ? Call("Softplus", x) // log(1 + exp x) = softplus x
        : OnePlus(a) is { } z ? Call("Log1p", z) // log(1 + z) = log1p z
        : a is { Function.Name: "Sigmoid", Parts: [var s] } ? -Call("Softplus", -s) // log sigmoid x = -softplus -x
        : Call("Log", a);

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
