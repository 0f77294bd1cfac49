namespace Cv.Dsl;

/// <summary>
/// Computes the functions that <see cref="Math"/> lacks, in f64. Scalar rules and gates name them; the compiler has vector forms of most.
/// </summary>
/// <example><code>var gelu = Gate.Define("gelu", x => 0.5f * x * (1 + SpecialFunctions.Erf(x * MathF.Sqrt(0.5f))));</code></example>
public static class SpecialFunctions
{
    /// <summary>Gives erf(x) / x below 1 as a rational function of x^2: coefficients from the highest power down.</summary>
    internal static readonly double[] ErfNumerator =
    [
        9.60497373987051638749E0,
        9.00260197203842689217E1,
        2.23200534594684319226E3,
        7.00332514112805075473E3,
        5.55923013010394962768E4,
    ];

    internal static readonly double[] ErfDenominator =
    [
        1,
        3.35617141647503099647E1,
        5.21357949780152679795E2,
        4.59432382970980127987E3,
        2.26290000613890934246E4,
        4.92673942608635921086E4,
    ];

    /// <summary>Gives (1 - erf(x)) exp(x^2) from 1 to 8 as a rational function of x.</summary>
    internal static readonly double[] ErfcNumerator =
    [
        2.46196981473530512524E-10,
        5.64189564831068821977E-1,
        7.46321056442269912687E0,
        4.86371970985681366614E1,
        1.96520832956077098242E2,
        5.26445194995477358631E2,
        9.34528527171957607540E2,
        1.02755188689515710272E3,
        5.57535335369399327526E2,
    ];

    internal static readonly double[] ErfcDenominator =
    [
        1,
        1.32281951154744992508E1,
        8.67072140885989742329E1,
        3.54937778887819891062E2,
        9.75708501743205489753E2,
        1.82390916687909736289E3,
        2.24633760818710981792E3,
        1.65666309194161350182E3,
        5.57535340817727675546E2,
    ];

    /// <summary>Gives erf x within 3 ulp. Coefficients and intervals are those of Moshier's Cephes library (ndtr.c).</summary>
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (a < 1)
            return x * Polynomial(ErfNumerator, x * x) / Polynomial(ErfDenominator, x * x);
        double t = Math.Min(8, a); // NaN stays NaN
        return Math.CopySign(1 - Math.Exp(-t * t) * (Polynomial(ErfcNumerator, t) / Polynomial(ErfcDenominator, t)), x);
    }

    /// <summary>Gives 1 / (1 + exp(-x)) without overflow: for x far below 0 it is exp x, not 0.</summary>
    public static double Sigmoid(double x)
    {
        double e = Math.Exp(-Math.Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <summary>Gives log(1 + x) within 2 ulp, for x near 0 too: the logarithm of the rounded sum, and what the sum lost beside it.</summary>
    public static double Log1p(double x)
    {
        double sum = 1 + x;
        if (sum == 1)
            return x; // -0 and all that is too small to be seen beside 1
        if (!(sum > 0) || double.IsInfinity(sum))
            return Math.Log(sum);
        double lost = Math.Min(1, x) - (sum - Math.Max(1, x));
        return Math.Log(sum) + lost / sum;
    }

    /// <summary>Gives exp(x) - 1 within 2 ulp, for x near 0 too.</summary>
    /// <remarks>Near 0, what exp rounded away is in its logarithm (Kahan; Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 1.14.1).</remarks>
    public static double Expm1(double x)
    {
        double power = Math.Exp(x);
        if (power == 1)
            return x; // -0 and all that is too small to be seen beside 1
        return Math.Abs(x) < 1 ? (power - 1) * (x / Math.Log(power)) : power - 1;
    }

    /// <inheritdoc cref="Erf(double)"/>
    public static float Erf(float x) => (float)Erf((double)x);

    /// <inheritdoc cref="Sigmoid(double)"/>
    public static float Sigmoid(float x) => (float)Sigmoid((double)x);

    /// <summary>Gives log(1 + exp x) without overflow: max(x, 0) + log1p(exp(-|x|)).</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + Log1p(Math.Exp(-Math.Abs(x)));

    /// <inheritdoc cref="Softplus(double)"/>
    public static float Softplus(float x) => (float)Softplus((double)x);

    /// <inheritdoc cref="Log1p(double)"/>
    public static float Log1p(float x) => (float)Log1p((double)x);

    /// <inheritdoc cref="Expm1(double)"/>
    public static float Expm1(float x) => (float)Expm1((double)x);

    /// <summary>Gives -1, 0 or 1, and NaN for NaN, where Math.Sign throws.</summary>
    public static double Sign(double x) =>
        x > 0 ? 1
        : x < 0 ? -1
        : x;

    /// <summary>Gives what is left of a after dividing by b, with the sign of a: C#'s a % b.</summary>
    public static double Remainder(double a, double b) => a % b;

    static double Polynomial(double[] coefficients, double x)
    {
        double sum = 0;
        foreach (double c in coefficients)
            sum = Math.FusedMultiplyAdd(sum, x, c);
        return sum;
    }
}
