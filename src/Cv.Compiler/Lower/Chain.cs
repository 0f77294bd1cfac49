using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Writes the elementwise chain that a factor of a product is made of, a vector at a time, where the factor is copied: it is never written
/// as a whole. The ops are those that a loop would run, so every value keeps its bits.
/// </summary>
sealed class Chain(Step step, Expr factor, Lanes lanes, Code code)
{
    /// <summary>Gives the factor's chain, or null where the factor is a buffer.</summary>
    public static Chain? Of(Step step, Expr factor, Lanes lanes, Code code) =>
        step.Computed.Contains(factor) ? new(step, factor, lanes, code) : null;

    /// <summary>Lists the operands that come from buffers, once each.</summary>
    public IReadOnlyList<Expr> Operands { get; } = [.. Outside(step, factor).Distinct()];

    /// <summary>Computes a vector of the factor: adds the lines, and gives what holds the value.</summary>
    /// <param name="load">Gives the vector of an operand.</param>
    /// <param name="lines">Takes the lines.</param>
    public Expression Vector(Func<Expr, Expression> load, List<Expression> lines)
    {
        var values = new Dictionary<Expr, Expression>();
        return Value(factor);

        Expression Value(Expr o)
        {
            if (Geometry.Source(o).Op is Const c) // in another shape perhaps
                return lanes.Constant(c.Value, c.DType);
            if (values.TryGetValue(o, out var known))
                return known;
            var value = step.Prologue.Contains(o) ? Widen.Node(lanes, o, [.. o.Operands.Select(Value)]) : load(o);
            var local = code.Local(lanes.VectorOf(o.DType), "f");
            lines.Add(Assign(local, value));
            return values[o] = local;
        }
    }

    static IEnumerable<Expr> Outside(Step step, Expr e) =>
        Geometry.Source(e).Op is Const ? []
        : step.Prologue.Contains(e) ? e.Operands.SelectMany(o => Outside(step, o))
        : [e];
}
