using System.Globalization;

namespace Cv.Dsl;

/// <summary>Checks the numbers that gates and losses are given.</summary>
static class Settings
{
    public static void Finite(string op, string what, double value, string usual)
    {
        if (!double.IsFinite(value))
            throw new GraphException($"{op}: the {what} must be a finite number; got {Text(value)}. {usual}");
    }

    public static void Positive(string op, string what, double value, string usual)
    {
        if (!double.IsFinite(value) || value <= 0)
            throw new GraphException($"{op}: the {what} must be a finite number above 0; got {Text(value)}. {usual}");
    }

    public static void NotNegative(string op, string what, double value, string usual)
    {
        if (!double.IsFinite(value) || value < 0)
            throw new GraphException($"{op}: the {what} must be a finite number, at least 0; got {Text(value)}. {usual}");
    }

    static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
