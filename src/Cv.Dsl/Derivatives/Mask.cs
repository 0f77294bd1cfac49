namespace Cv.Dsl;

/// <summary>
/// Builds masks, bool nodes that say where a cotangent or a tangent may differ from 0. Null is the mask that holds anywhere. A mask broadcasts to what it speaks of.
/// </summary>
static class Mask
{
    /// <summary>Tells whether a mask holds at any place, as a scalar: all that is known of an op that says nothing. It counts in the dtype of what it masks.</summary>
    public static Expr? Any(Expr? mask, DType dtype) => mask is null || mask.Shape.Rank == 0 ? mask : mask.Cast(dtype).Sum() > 0.0;

    /// <summary>Tells whether a mask holds anywhere along some axes, which become dims of 1.</summary>
    public static Expr Any(Expr mask, Axes axes, DType dtype)
    {
        uint folded = 0;
        foreach (int axis in axes.List())
            if (axis < mask.Shape.Rank && !mask.Shape[axis].IsOne)
                folded |= 1u << axis;
        return folded == 0 ? mask : Expr.Of(new ReduceSum(new Axes(folded)), mask.Cast(dtype)) > 0.0; // a sum of nothing is 0, so it does not hold
    }

    /// <summary>Brings a mask of a result to an operand that is repeated to make it: it holds where it does for any of an element's copies.</summary>
    public static Expr? Unrepeated(Expr? mask, Shape operand, DType dtype)
    {
        if (mask is null || mask.Shape.Rank == 0)
            return mask;
        return operand.Rank == 0 ? Any(mask, dtype) : Any(mask, Repeated(mask, operand), dtype);
    }

    /// <summary>Tells that no element of an operand meets several places of a mask.</summary>
    public static bool Fits(Expr? mask, Shape operand) =>
        mask is null || mask.Shape.Rank == 0 || (operand.Rank == mask.Shape.Rank && Repeated(mask, operand).Mask == 0);

    public static Expr? And(Expr? a, Expr? b) =>
        a is null || a == b ? b
        : b is null ? a
        : a & b;

    public static Expr? Or(Expr? a, Expr? b) =>
        IsNowhere(a) ? b
        : IsNowhere(b) ? a
        : a is null || b is null || AreComplements(a, b) ? null
        : a == b ? a
        : a | b;

    public static Expr Not(Expr mask) => mask is (Dsl.Not, [var inner]) ? inner : !mask;

    /// <summary>Gives a mask that holds everywhere, or nowhere.</summary>
    public static Expr Everywhere(bool holds) => Expr.Const(holds ? 1 : 0, DType.Bool);

    /// <summary>Writes a mask out in a shape.</summary>
    public static Expr Full(Expr? mask, Shape shape) => (mask ?? Everywhere(true)).BroadcastTo(shape);

    static bool IsNowhere(Expr? mask) => mask?.Op is Const { Value: 0 };

    static bool AreComplements(Expr a, Expr b) => a == Not(b) || b == Not(a);

    static Axes Repeated(Expr mask, Shape operand)
    {
        uint axes = 0;
        for (int axis = 0; axis < operand.Rank; axis++)
            if (operand[axis].IsOne && !mask.Shape[axis].IsOne)
                axes |= 1u << axis;
        return new(axes);
    }
}
