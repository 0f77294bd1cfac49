using System.Globalization;

namespace Cv.Reporting;

/// <summary>Writes numbers for people and for charts, always in the invariant culture.</summary>
static class Digits
{
    /// <summary>Keeps six significant digits: more than a chart shows, in a third of the bytes.</summary>
    public static double Rounded(double value) =>
        double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Writes four significant digits, or NaN and infinities by name.</summary>
    public static string Short(double value)
    {
        double size = Math.Abs(value);
        if (double.IsFinite(value) && value == Math.Round(value) && size < 1e9)
            return value.ToString("#,0", CultureInfo.InvariantCulture);
        return size is >= 1e-3 and < 1e5
            ? Math.Round(value, Math.Clamp(3 - (int)Math.Floor(Math.Log10(size)), 0, 6)).ToString(CultureInfo.InvariantCulture)
            : value.ToString("0.###e+0", CultureInfo.InvariantCulture);
    }

    /// <summary>Writes a fraction as per cent, with two decimals.</summary>
    public static string Percent(double fraction) => (100 * fraction).ToString("0.00", CultureInfo.InvariantCulture) + " %";

    /// <summary>Writes a time as people say it: 0.62 s, 4:05, 1:02:03.</summary>
    public static string Time(TimeSpan time) =>
        time.TotalSeconds < 60 ? time.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture) + " s"
        : time.TotalHours < 1 ? time.ToString(@"m\:ss", CultureInfo.InvariantCulture)
        : $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}";
}
