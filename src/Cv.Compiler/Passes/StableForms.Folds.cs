using Cv.Dsl;

namespace Cv.Compiler;

/// <content>Sums of exponentials, their quotients and their logarithms: all take the maximum out first.</content>
static partial class StableForms
{
    const int MaxMoves = 8;

    static Expr? LogOfSumOfExponentials(Expr e)
    {
        if (e is not (Log, [(ReduceSum fold, [(Exp, [var x])])]) || !NeedsShift(x, fold.Axes))
            return null;
        var shift = Shift(x, fold.Axes);
        return Expr.Of(fold, (x - shift).Exp()).Log() + shift;
    }

    static Expr? Softmax(Expr e)
    {
        if (e is not (Div, [(Exp, [var x]) and var power, var sum]) || Folded(sum, exactly: true) is not (ReduceSum fold, [var summed]))
            return null;
        if (summed != power || !NeedsShift(x, fold.Axes))
            return null;
        var shifted = (x - Shift(x, fold.Axes)).Exp();
        return Fit(shifted / Expr.Of(fold, shifted), e);
    }

    static Expr? LogOfSoftmax(Expr e)
    {
        if (e is not (Log, [(Div, [(Exp, [var x]) and var power, var sum])]))
            return null;
        var whole = Folded(sum, exactly: true);
        return whole is (ReduceSum fold, [var summed]) && summed == power && IsShifted(x, fold.Axes) ? Fit(x - whole.Log(), e) : null;
    }

    static Expr? LogOfMean(Expr e)
    {
        if (e is not (Log, [(Div, [var sum, var count])]) || count.Op is not (Extent or Const { Value: > 0 }))
            return null;
        var fold = sum is (Reshape, [var inner]) ? inner : sum;
        if (LogOfSumOfExponentials(fold.Log()) is not { } log)
            return null;
        return (log.Shape == sum.Shape ? log : log.Reshape(sum.Shape)) - count.Log();
    }

    /// <summary>Takes the logarithm before a movement, or before one of each row is picked, where that brings another law into play.</summary>
    static Expr? LogOfMoved(Expr e)
    {
        if (e is not (Log, [var x]))
            return null;
        var moves = new List<Expr>();
        while (moves.Count < MaxMoves && IsMove(x))
        {
            moves.Add(x);
            x = IsPick(x) ? x.Operands[0].Operands[1] : x.Operands[0];
        }
        if (moves.Count == 0 || IsMove(x) || Law.Settle(Laws, x.Log()) is not { } moved)
            return null;
        moves.Reverse();
        foreach (var move in moves)
            moved = IsPick(move) ? Expr.Of(move.Op, Expr.Select(move.Operands[0].Operands[0], moved, moved.Like(0))) : move.With([moved]);
        return moved;
    }

    static bool IsMove(Expr e) => e.Op is Reshape or Transpose or Slice or Flip or Broadcast || IsPick(e);

    /// <summary>
    /// Tells that a node takes one element of each row, that of a label: a sum of what a one-hot mask selects. Only labels that an input feeds count: each call
    /// checks them, so that one is in each row.
    /// </summary>
    static bool IsPick(Expr e) =>
        e is (ReduceSum fold, [(Select, [(OneHot, [var labels]) and var mask, var x, var zero])])
        && fold.Axes == new Axes(1u << mask.Shape.Rank - 1)
        && x.Shape == mask.Shape
        && IsConstant(zero, 0)
        && Source(labels).Op is Input;

    /// <summary>Gives the largest along axes, to be taken away: 0 where it is infinite, for infinity less infinity would be NaN. A constant to the gradient.</summary>
    static Expr Shift(Expr x, Axes axes)
    {
        var most = Expr.Of(new ReduceMax(axes), x);
        return Expr.Select(most.Abs() < double.PositiveInfinity, most, most.Like(0)).StopGradient();
    }

    /// <summary>Tells that a maximum is there to be taken out, and was not yet.</summary>
    static bool NeedsShift(Expr x, Axes axes) =>
        axes.List().All(axis => x.Shape[axis].IsKnown && x.Shape[axis] != 0) && !IsShifted(x, axes);

    static bool IsShifted(Expr x, Axes axes) =>
        Repeated(x) is (Sub, [var a, var s])
        && Folded(s, exactly: false) is (ReduceMax fold, [var z])
        && fold.Axes == axes
        && Repeated(z) == Repeated(a);

    /// <summary>
    /// Looks through what a fold goes through before it meets its operand's elements again, and gives it, or some other node; unless exactly, through what makes a
    /// shift of it too.
    /// </summary>
    static Expr Folded(Expr e, bool exactly)
    {
        var x = e;
        for (int step = 0; step < MaxMoves; step++)
            switch (x)
            {
                case (Broadcast, [var inner]):
                    x = inner;
                    break;
                case (StopGradient, [var inner]) when !exactly:
                    x = inner;
                    break;
                case (Select, [_, var inner, (Const, _)]) when !exactly:
                    x = inner;
                    break;
                // the axes that a fold drops, put back; any other shape would put its elements elsewhere
                case (Reshape, [var inner]) when Source(inner) is var source && (source.Shape == x.Shape || IsSingle(source)):
                    x = source;
                    break;
                default:
                    return x;
            }
        return x;
    }

    static Expr Source(Expr e)
    {
        while (e.Op is Reshape)
            e = e.Operands[0];
        return e;
    }

    static bool IsSingle(Expr e) => e.Shape.IsKnown && e.Shape.Size == 1;

    static Expr Repeated(Expr e) => e is (Broadcast, [var x]) ? x : e;
}
