using System.Globalization;

namespace Cv.Examples.Cs231n;

/// <summary>Names the images that a figure is taken on.</summary>
enum Judged
{
    /// <summary>Training images that were held out.</summary>
    Validation,

    /// <summary>The test images, which nothing was tuned on.</summary>
    Test,
}

/// <summary>Holds a figure that was published for a lesson.</summary>
/// <param name="On">The images it was taken on.</param>
/// <param name="Percent">The figure, in percent.</param>
/// <param name="Source">Where it stands.</param>
/// <param name="IsError">Whether it is the part that was classified wrongly; the part classified rightly if not.</param>
sealed record Published(Judged On, double Percent, string Source, bool IsError = false)
{
    /// <summary>Tells whether an accuracy, 0 to 1, is as good or better, in as many digits as were published, and one behind the point at least.</summary>
    public bool ReachedBy(double accuracy)
    {
        double ours = Math.Round(Figure(accuracy), Math.Max(1, Decimals));
        return IsError ? ours <= Percent : ours >= Percent;
    }

    int Decimals => Percent.ToString(CultureInfo.InvariantCulture).Split('.') is [_, var digits] ? digits.Length : 0;

    /// <summary>Words the published figure: "39 % val".</summary>
    public override string ToString() => Word(Percent, "0.##");

    /// <summary>Words an accuracy, 0 to 1, in the same way: "39.80 % val".</summary>
    public string Word(double accuracy) => Word(Figure(accuracy), "0.00");

    double Figure(double accuracy) => 100 * (IsError ? 1 - accuracy : accuracy);

    string Word(double percent, string format) =>
        $"{percent.ToString(format, CultureInfo.InvariantCulture)} %{(IsError ? " error" : "")} {(On == Judged.Test ? "test" : "val")}";
}
