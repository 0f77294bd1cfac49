using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>Walks a computed factor of a matrix product line by line: a matrix to the product, whatever dims it has.</summary>
/// <param name="chain">What computes the factor.</param>
/// <param name="full">The factor's own shape.</param>
/// <param name="columns">The elements of a line.</param>
/// <param name="lanes">The vectors.</param>
/// <param name="code">The kernel being written.</param>
sealed class ChainLines(Chain chain, Shape full, int columns, Lanes lanes, Code code)
{
    readonly Dictionary<Expr, Expression> _starts = chain.Operands.ToDictionary(o => o, _ => (Expression)code.Long("start"));

    /// <summary>Gives the lines of a computed factor, or null where the factor is a buffer.</summary>
    public static ChainLines? Of(GemmStep step, Expr factor, Lanes lanes, Code code) =>
        Chain.Of(step, factor, lanes, code) is { } chain ? new(chain, factor.Shape, step.LineOf(factor), lanes, code) : null;

    /// <summary>Finds where a line starts in each operand.</summary>
    public IEnumerable<Expression> Begin(Expression line)
    {
        var at = code.Long("line");
        yield return Assign(at, line);
        foreach (var (o, start) in _starts)
        {
            var rows = Geometry.RowStrides(o, full, columns);
            Expression sum = Constant(0L),
                rest = at;
            for (int i = 0; i < rows.Count; i++)
            {
                var index = i == rows.Count - 1 ? rest : Modulo(rest, Constant((long)rows[i].Extent));
                if (rows[i].Stride != 0)
                    sum = Add(sum, Times(index, rows[i].Stride));
                rest = Divide(rest, Constant((long)rows[i].Extent));
            }
            yield return Assign(start, sum);
        }
    }

    /// <summary>Computes the vector from a column of the line on: adds the lines of code, and gives what holds the value.</summary>
    public Expression Vector(Expression column, List<Expression> lines) =>
        chain.Vector(
            o =>
            {
                var address = code.Address(new Slot.Node(Geometry.Source(o)));
                return Geometry.ColumnStride(o, full, columns) == 1
                    ? lanes.Load(o.DType, address, Add(_starts[o], column))
                    : lanes.LoadOne(o.DType, address, _starts[o]);
            },
            lines
        );
}
