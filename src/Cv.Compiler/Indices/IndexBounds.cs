using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Holds the bounds that a value must keep, so that what is computed from it is an index in range. Each method goes back through one op: it gives the bounds of the op's operand,
/// or null where they cannot be told.
/// </summary>
/// <param name="Lowest">The lowest value.</param>
/// <param name="Highest">The highest value.</param>
/// <param name="SaidLowest">The lowest value as a message says it: where a cast drops fractions, the whole number.</param>
/// <param name="SaidHighest">The highest value as a message says it.</param>
readonly record struct IndexBounds(double Lowest, double Highest, double SaidLowest, double SaidHighest)
{
    const double MostExactInF32 = 1 << 24;

    public static IndexBounds Of(IndexRange range) => new(range.Lowest, range.Highest, range.Lowest, range.Highest);

    /// <summary>Goes back through an op of one operand and a constant.</summary>
    /// <param name="op">The op.</param>
    /// <param name="c">The constant.</param>
    /// <param name="constantFirst">Tells whether the constant is the first operand.</param>
    /// <param name="isWhole">Tells whether the values are i32.</param>
    public IndexBounds? Before(Op op, double c, bool constantFirst, bool isWhole) =>
        op switch
        {
            Add => Shifted(-c),
            Sub => constantFirst ? Negated().Shifted(c) : Shifted(c),
            Maximum => c > Highest ? null
            : c < Lowest ? this
            : this with { Lowest = double.NegativeInfinity, SaidLowest = double.NegativeInfinity },
            Minimum => c < Lowest ? null
            : c > Highest ? this
            : this with { Highest = double.PositiveInfinity, SaidHighest = double.PositiveInfinity },
            Mul when isWhole && c != 0 => (c < 0 ? Negated() : this).Divided(Math.Abs(c)),
            _ => null,
        };

    /// <summary>Goes back through a negation.</summary>
    public IndexBounds Negated() => new(-Highest, -Lowest, -SaidHighest, -SaidLowest);

    /// <summary>Goes back through a cast.</summary>
    public IndexBounds? BeforeCast(DType from, DType to)
    {
        if (from == to || from == DType.Bool)
            return this;
        return (from, to) switch
        {
            (DType.F32 or DType.F64, DType.I32) => BeforeTruncation(),
            (DType.I32, DType.F32) when Reach >= MostExactInF32 => null,
            (DType.I32, DType.F32 or DType.F64) => this with { Lowest = Math.Ceiling(Lowest), Highest = Math.Floor(Highest) },
            (DType.F32, DType.F64) => this,
            (DType.F64, DType.F32) => BeforeRounding(),
            _ => null,
        };
    }

    double Reach => Math.Max(double.IsFinite(Lowest) ? Math.Abs(Lowest) : 0, double.IsFinite(Highest) ? Math.Abs(Highest) : 0);

    IndexBounds Shifted(double by) => new(Lowest + by, Highest + by, SaidLowest + by, SaidHighest + by);

    IndexBounds Divided(double by) =>
        new(Math.Ceiling(Lowest / by), Math.Floor(Highest / by), Math.Ceiling(SaidLowest / by), Math.Floor(SaidHighest / by));

    /// <summary>A fraction is dropped towards 0: 9.9 is 9, and -0.9 is 0. What no i32 holds is never in range.</summary>
    IndexBounds BeforeTruncation()
    {
        double lowest = Math.Max(Lowest, int.MinValue),
            highest = Math.Min(Highest, int.MaxValue);
        return this with
        {
            Lowest = lowest <= 0 ? Math.BitIncrement(lowest - 1) : lowest,
            Highest = highest >= 0 ? Math.BitDecrement(highest + 1) : highest,
        };
    }

    /// <summary>A number of f64 becomes the nearest one of f32: the bounds move half a step out.</summary>
    IndexBounds BeforeRounding()
    {
        float lowest = (float)Lowest,
            highest = (float)Highest;
        if (lowest < Lowest)
            lowest = MathF.BitIncrement(lowest);
        if (highest > Highest)
            highest = MathF.BitDecrement(highest);
        return this with
        {
            Lowest = float.IsFinite(lowest) ? Math.BitIncrement(((double)lowest + MathF.BitDecrement(lowest)) / 2) : Lowest,
            Highest = float.IsFinite(highest) ? Math.BitDecrement(((double)highest + MathF.BitIncrement(highest)) / 2) : Highest,
        };
    }
}
