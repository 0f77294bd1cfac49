using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>Says how often one of the loops around a tile's multiply-adds runs, and how far it moves in both sides.</summary>
/// <param name="Count">The number of rounds; only the outermost loop's may be found as the kernel runs.</param>
/// <param name="StepA">The elements from one round to the next in the left side.</param>
/// <param name="StepB">The elements from one round to the next in the right side.</param>
readonly record struct TileLoop(Expression Count, long StepA, long StepB)
{
    public TileLoop(long count, long stepA, long stepB)
        : this(Constant(count), stepA, stepB) { }

    public long? Fixed => Count is ConstantExpression { Value: long n } ? n : null;
}
