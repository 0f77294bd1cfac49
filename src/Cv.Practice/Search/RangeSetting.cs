using System.Collections.Immutable;
using System.Globalization;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Takes the numbers of a range, evenly or evenly by their logarithms, all or the whole ones.</summary>
sealed record RangeSetting : Setting
{
    public RangeSetting(string name, double low, double high, bool Logarithmic, bool Whole)
        : base(name)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || low > high || (low == high && !Whole) || (Logarithmic && low <= 0))
            throw new GraphException(
                $"search: \"{name}\" must go from a number {(Logarithmic ? "above 0 " : "")}to a larger one; got {low} to {high}. Setting.LogUniform(\"rate\", 1e-4, 1e-1), say."
            );
        (Low, High, this.Logarithmic, this.Whole) = (low, high, Logarithmic, Whole);
    }

    public double Low { get; }
    public double High { get; }
    public bool Logarithmic { get; }
    public bool Whole { get; }

    // whole numbers own the places up to a half beyond them, so that the ends are as likely as the others
    double From => Scale(Whole ? Math.Max(Low - 0.5, Logarithmic ? Low / 2 : double.NegativeInfinity) : Low);
    double To => Scale(Whole ? High + 0.5 : High);

    internal override double At(double place)
    {
        double scaled = From + place * (To - From);
        double value = Logarithmic ? Math.Exp(scaled) : scaled;
        return Math.Clamp(Whole ? Math.Round(value) : value, Low, High);
    }

    internal override bool Holds(double value) => value >= Low && value <= High && (!Whole || value == Math.Floor(value));

    internal override double PlaceOf(double value) => Math.Clamp((Scale(value) - From) / (To - From), 0, 1);

    internal override IEnumerable<double> Grid(int count)
    {
        if (count == 1)
            return [At(0.5)];
        var (low, high) = (Scale(Low), Scale(High));
        var values = Enumerable
            .Range(0, count)
            .Select(i => low + (high - low) * i / (count - 1))
            .Select(v => Logarithmic ? Math.Exp(v) : v);
        return values.Select(v => Math.Clamp(Whole ? Math.Round(v) : v, Low, High)).Distinct();
    }

    internal override Setting Narrowed(ImmutableArray<double> best, double factor, Setting whole)
    {
        // around the best, as wide as asked, and moved inside the range that was given first
        var all = (RangeSetting)whole;
        double half = (PlaceIn(all, High) - PlaceIn(all, Low)) * factor / 2,
            middle = Math.Clamp(PlaceIn(all, best[0]), half, 1 - half);
        double low = all.At(middle - half),
            high = all.At(middle + half);
        return low < high || Whole ? new RangeSetting(Name, low, high, Logarithmic, Whole) : this;
    }

    internal override IEnumerable<double> Coordinates(double value) => [PlaceOf(value)];

    internal override string Text(double value) => Whole ? value.ToString("F0", CultureInfo.InvariantCulture) : Diagnose.Figure(value);

    /// <summary>Prints the range in full: journals tell searches apart by it.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}: {(Whole ? "whole " : "")}{Low:R} to {High:R}{(Logarithmic ? " by the logarithm" : "")}"
        );

    double Scale(double value) => Logarithmic ? Math.Log(value) : value;

    static double PlaceIn(RangeSetting range, double value) =>
        value <= range.Low ? 0
        : value >= range.High ? 1
        : range.PlaceOf(value);
}
