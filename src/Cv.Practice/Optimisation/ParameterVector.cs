using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Is one long vector of nodes, a part for each parameter: what directions and gradients are.</summary>
/// <param name="Parts">A node of each parameter's type.</param>
sealed record ParameterVector(ImmutableArray<Expr> Parts)
{
    /// <summary>Makes a vector of states, zero at first, named after the parameters.</summary>
    public static ParameterVector States(ImmutableArray<Expr> parameters, string name) =>
        new([.. parameters.Select(p => Expr.State($"minimise/{((Named)p.Op).Id}/{name}", p.Shape, 0, p.DType))]);

    public static ParameterVector operator +(ParameterVector a, ParameterVector b) => a.With(b, (x, y) => x + y);

    public static ParameterVector operator -(ParameterVector a, ParameterVector b) => a.With(b, (x, y) => x - y);

    public static ParameterVector operator -(ParameterVector a) => new([.. a.Parts.Select(x => -x)]);

    /// <summary>Multiplies by a scalar node of any float dtype.</summary>
    public static ParameterVector operator *(Expr scalar, ParameterVector a) => new([.. a.Parts.Select(x => scalar.Cast(x.DType) * x)]);

    /// <summary>Takes each element from one of two vectors.</summary>
    public static ParameterVector Select(Expr mask, ParameterVector a, ParameterVector b) => a.With(b, (x, y) => Expr.Select(mask, x, y));

    /// <summary>Gives the inner product, a scalar f64.</summary>
    public Expr Dot(ParameterVector other) =>
        Parts.Zip(other.Parts, (x, y) => (x * y).Sum().Cast(DType.F64)).Aggregate((sum, next) => sum + next);

    /// <summary>Gives the largest magnitude, a scalar f64.</summary>
    public Expr Largest() => Parts.Select(x => x.Abs().Max().Cast(DType.F64)).Aggregate((a, b) => a.Maximum(b));

    /// <summary>Pairs the parts with their next values.</summary>
    public IEnumerable<(Expr Target, Expr Value)> Becomes(ParameterVector next) => Parts.Zip(next.Parts);

    ParameterVector With(ParameterVector other, Func<Expr, Expr, Expr> combine) => new([.. Parts.Zip(other.Parts, combine)]);
}
