using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Tells whether a graph calls methods of the user, whose inside no one sees: they may be of floats, and are known to seven digits then.</summary>
static class Opaque
{
    /// <summary>What a method of floats may be off by, relative to its value: its argument and its result are rounded, and so is what it computes between.</summary>
    public const double Rounding = 2.4e-7;

    public static bool Holds(Expr y) =>
        Expr.Nodes(y).Any(n => n.Op is Gated g && Formula.Terms([g.Gate.Value, .. g.Gate.Derivatives]).Any(t => t.Function?.IsOwn == true));
}
