namespace Cv.Testing;

/// <summary>
/// An interval that holds a real number for certain: each operation rounds its ends outwards. Undefined where some number of the interval has no result, such as a quotient by
/// an interval that holds 0.
/// </summary>
/// <remarks>Moore, "Interval Analysis" (1966).</remarks>
readonly struct Enclosure
{
    Enclosure(Dyadic low, Dyadic high, bool isDefined) => (Low, High, IsDefined) = (low, high, isDefined);

    public Enclosure(Dyadic low, Dyadic high)
        : this(low, high, true) { }

    public Enclosure(Dyadic value)
        : this(value, value) { }

    public static Enclosure Undefined => default;

    public static Enclosure Zero { get; } = new(Dyadic.Zero);

    public static Enclosure One { get; } = new(Dyadic.One);

    public Dyadic Low { get; }

    public Dyadic High { get; }

    public bool IsDefined { get; }

    public bool IsPoint => IsDefined && Low == High;

    public bool IsZero => IsPoint && Low.Sign == 0;

    public bool IsPositive => IsDefined && Low.Sign > 0;

    public bool IsNegative => IsDefined && High.Sign < 0;

    public bool HoldsZero => Low.Sign <= 0 && High.Sign >= 0;

    public static Enclosure Of(double x) => double.IsFinite(x) ? new(Dyadic.Of(x)) : Undefined;

    public static Enclosure operator +(Enclosure a, Enclosure b) =>
        a.IsDefined && b.IsDefined ? new(Dyadic.Add(a.Low, b.Low, false), Dyadic.Add(a.High, b.High, true)) : Undefined;

    public static Enclosure operator -(Enclosure a) => a.IsDefined ? new(-a.High, -a.Low) : Undefined;

    public static Enclosure operator -(Enclosure a, Enclosure b) => a + -b;

    public static Enclosure operator *(Enclosure a, Enclosure b)
    {
        if (!a.IsDefined || !b.IsDefined)
            return Undefined;
        if (a.IsPoint && b.IsPoint)
            return new(Dyadic.Multiply(a.Low, b.Low, false), Dyadic.Multiply(a.Low, b.Low, true));
        // where both have a sign, two products are enough
        if (a.IsNegative)
            return -(-a * b);
        if (b.IsNegative)
            return -(a * -b);
        if (a.IsPositive && b.IsPositive)
            return new(Dyadic.Multiply(a.Low, b.Low, false), Dyadic.Multiply(a.High, b.High, true));
        return Hull((x, y, up) => Dyadic.Multiply(x, y, up), a, b);
    }

    public static Enclosure operator /(Enclosure a, Enclosure b)
    {
        if (!a.IsDefined || !b.IsDefined || b.HoldsZero)
            return Undefined;
        if (b.IsNegative)
            return -(a / -b);
        if (a.IsNegative)
            return -(-a / b);
        if (a.IsPositive)
            return new(Dyadic.Divide(a.Low, b.High, false), Dyadic.Divide(a.High, b.Low, true));
        return Hull((x, y, up) => Dyadic.Divide(x, y, up), a, b);
    }

    static Enclosure Hull(Func<Dyadic, Dyadic, bool, Dyadic> f, Enclosure a, Enclosure b)
    {
        Dyadic Least(bool up) =>
            up
                ? Dyadic.Max(
                    Dyadic.Max(f(a.Low, b.Low, true), f(a.Low, b.High, true)),
                    Dyadic.Max(f(a.High, b.Low, true), f(a.High, b.High, true))
                )
                : Dyadic.Min(
                    Dyadic.Min(f(a.Low, b.Low, false), f(a.Low, b.High, false)),
                    Dyadic.Min(f(a.High, b.Low, false), f(a.High, b.High, false))
                );
        return new(Least(false), Least(true));
    }

    /// <summary>Adds a margin on both sides.</summary>
    public Enclosure Widened(Dyadic by) => IsDefined ? new(Dyadic.Add(Low, -by, false), Dyadic.Add(High, by, true)) : Undefined;

    public Enclosure Scale(long power) => IsDefined ? new(Low.Scale(power), High.Scale(power)) : Undefined;

    public Enclosure Abs() =>
        !IsDefined ? Undefined
        : Low.Sign >= 0 ? this
        : High.Sign <= 0 ? -this
        : new(Dyadic.Zero, Dyadic.Max(-Low, High));

    public Enclosure Clamped(Dyadic low, Dyadic high) => IsDefined ? new(Dyadic.Max(Low, low), Dyadic.Min(High, high)) : Undefined;

    /// <summary>Gives -1, 0 or 1 where the order is certain, else null.</summary>
    public static int? Order(Enclosure a, Enclosure b) =>
        !a.IsDefined || !b.IsDefined ? null
        : a.High < b.Low ? -1
        : a.Low > b.High ? 1
        : a.IsPoint && b.IsPoint ? 0
        : null;

    public static bool AreDisjoint(Enclosure a, Enclosure b) => a.IsDefined && b.IsDefined && (a.High < b.Low || b.High < a.Low);

    /// <summary>Gives the largest distance that a number of one may have from one of the other.</summary>
    public static Dyadic MostApart(Enclosure a, Enclosure b) =>
        Dyadic.Max(Dyadic.Add(a.High, -b.Low, true), Dyadic.Add(b.High, -a.Low, true));

    /// <summary>Gives the distance between two that are disjoint; 0 for others.</summary>
    public static Dyadic LeastApart(Enclosure a, Enclosure b) =>
        Dyadic.Max(Dyadic.Zero, Dyadic.Max(Dyadic.Add(a.Low, -b.High, false), Dyadic.Add(b.Low, -a.High, false)));

    public Dyadic Magnitude => Dyadic.Max(Low.Abs(), High.Abs());

    /// <summary>Gives the double in the middle.</summary>
    public double Middle =>
        !IsDefined ? double.NaN
        : Low.IsInfinite || High.IsInfinite ? (Low.IsInfinite ? (High.IsInfinite ? double.NaN : High.ToDouble()) : Low.ToDouble())
        : Dyadic.Add(Low, High, true).Scale(-1).ToDouble();
}
