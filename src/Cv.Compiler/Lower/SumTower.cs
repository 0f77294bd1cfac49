using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Adds up the sums of blocks. It counts them in base <see cref="LongSums.Fan"/>: level l of its memory holds the sum of as many sums of Fan^l blocks as the
/// count's digit says; the fourth is not stored but added to the next level. So as few numbers as the logarithm of all are added up in a row, and each block costs an addition and a store.
/// </summary>
/// <param name="code">The kernel being written.</param>
/// <param name="lanes">The vectors.</param>
/// <param name="address">The memory of all levels.</param>
/// <param name="level">The elements from one level to the next.</param>
sealed class SumTower(Code code, Lanes lanes, Expression address, long level)
{
    const int Digit = LongSums.Fan - 1;
    const int DigitBits = 2;

    readonly ParameterExpression _digits = code.Long("digits");
    readonly ParameterExpression _place = code.Long("place");

    /// <summary>Gives the local that counts the blocks so far; a sum that is taken up again sets it.</summary>
    public ParameterExpression Count { get; } = code.Long("blocks");

    /// <summary>Begins a sum.</summary>
    public Expression Begin() => Assign(Count, Constant(0L));

    /// <summary>Counts a block, once all its sums are added.</summary>
    public Expression Next() => Assign(Count, Plus(Count, 1));

    /// <summary>Adds a block's sums to what there is. The locals are changed.</summary>
    /// <param name="start">The element of level 0 from which the vectors stand.</param>
    /// <param name="sums">The block's sums, and where each stands from there.</param>
    public Expression Push(Expression start, IReadOnlyList<(ParameterExpression Sum, long At)> sums)
    {
        var top = Label();
        return Block(
            Assign(_digits, Count),
            Assign(_place, start),
            Loop(
                Block(
                    IfThen(NotEqual(Lowest, Constant(0L)), AddLevel(sums)),
                    IfThen(NotEqual(Lowest, Constant((long)Digit)), Break(top)),
                    Climb()
                ),
                top
            ),
            Block(sums.Select(s => lanes.Store(lanes.Type, s.Sum, address, Plus(_place, s.At))).Append(Empty()))
        );
    }

    /// <summary>Adds up the levels, from the lowest to the highest, from 0.</summary>
    /// <param name="start">The element of level 0 from which the vectors stand.</param>
    /// <param name="sums">The locals that take the sums, and where each stands from there.</param>
    public Expression Total(Expression start, IReadOnlyList<(ParameterExpression Sum, long At)> sums)
    {
        var top = Label();
        return Block(
            Assign(_digits, Count),
            Assign(_place, start),
            Block(sums.Select(s => Assign(s.Sum, lanes.Constant(0, lanes.Type))).Append<Expression>(Empty())),
            Loop(
                IfThenElse(
                    NotEqual(_digits, Constant(0L)),
                    Block(IfThen(NotEqual(Lowest, Constant(0L)), AddLevel(sums)), Climb()),
                    Break(top)
                ),
                top
            )
        );
    }

    BinaryExpression Lowest => And(_digits, Constant((long)Digit));

    BlockExpression AddLevel(IReadOnlyList<(ParameterExpression Sum, long At)> sums) =>
        Block(sums.Select(s => Assign(s.Sum, Add(lanes.Load(lanes.Type, address, Plus(_place, s.At)), s.Sum))).Append<Expression>(Empty()));

    BlockExpression Climb() => Block(Assign(_digits, RightShift(_digits, Constant(DigitBits))), Assign(_place, Plus(_place, level)));
}
