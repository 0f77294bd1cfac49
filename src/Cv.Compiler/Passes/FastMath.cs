using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Applies laws of the real numbers that floating point does not have: they save time, and change last bits, or what NaN, infinities and overflow give. Runs only where
/// <see cref="CompileOptions.FastMath"/> asks for it.
/// </summary>
static class FastMath
{
    public static ImmutableArray<Law> Laws { get; } =
    [
        new("x * 0 = 0", e => e is (Mul, [_, (Const(0, _), _)]) ? Fill(e, 0) : null),
        new("0 / x = 0", e => e is (Div, [(Const(0, _), _), _]) ? Fill(e, 0) : null),
        new("x - x = 0", e => e is (Sub, [var a, var b]) && a == b ? Fill(e, 0) : null),
        new("x / x = 1", e => e is (Div, [var a, var b]) && a == b ? Fill(e, 1) : null),
        new("x / c = x (1 / c)", e => e is (Div, [var x, (Const(var c, _), _)]) && HasReciprocal(c, e.DType) ? x * (1 / c) : null),
        new(
            "x / y = x (1 / y), for a y that repeats",
            e => e is (Div, [var x, var y]) && Repeats(y, e) && x.Op is not Const ? x * (y.Like(1) / y) : null
        ),
        new("(x c) d = x (c d)", e => e is (Mul, [(Mul, [var x, (Const(var c, _), _)]), (Const(var d, _), _)]) ? x * (c * d) : null),
        new(
            "(x + c) + d = x + (c + d)",
            e => e is (Add, [(Add, [var x, (Const(var c, _), _)]), (Const(var d, _), _)]) ? x + (c + d) : null
        ),
        new("sum c x = c sum x", e => e is (ReduceSum fold, [(Mul, [var x, (Const(var c, _), _)])]) ? Expr.Of(fold, x) * c : null),
        new("exp a exp b = exp(a + b)", e => e is (Mul, [(Exp, [var a]), (Exp, [var b])]) ? (a + b).Exp() : null),
        new("exp(log x) = x", e => e is (Exp, [(Log, [var x])]) ? x : null),
        new("sqrt x sqrt x = x", e => e is (Mul, [(Sqrt, [var x]) and var a, var b]) && a == b ? x : null),
        new("x^3 = x x x; x^4 = (x x)(x x); x^(1/2) = sqrt x; x^(-1/2) = 1 / sqrt x", Power),
    ];

    public static Graph Run(Graph graph) => Law.Settle(Laws, graph);

    static Expr? Power(Expr e) =>
        e switch
        {
            (Pow, [var x, (Const(3, _), _)]) => x * x * x,
            (Pow, [var x, (Const(4, _), _)]) => x * x * (x * x),
            (Pow, [var x, (Const(0.5, _), _)]) => x.Sqrt(),
            (Pow, [var x, (Const(-0.5, _), _)]) => x.Like(1) / x.Sqrt(),
            _ => null,
        };

    static Expr Fill(Expr e, double value) => e.Like(value).BroadcastTo(e.Shape);

    // a reciprocal below the least normal number would lose digits, and more than the last
    static bool HasReciprocal(double c, DType dtype) =>
        dtype == DType.F32 ? float.IsNormal((float)(1 / c)) && c != 1 : double.IsNormal(1 / c) && c != 1;

    /// <summary>Tells that each element of a node meets several of the result's.</summary>
    static bool Repeats(Expr y, Expr e) => y.Op is not Const && y.Shape.IsKnown && e.Shape.IsKnown && y.Shape.Size < e.Shape.Size;
}
