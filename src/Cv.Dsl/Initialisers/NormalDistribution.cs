namespace Cv.Dsl;

/// <summary>
/// Turns probabilities into normal numbers, to the same bits on every machine: only + - * / and the square root are used, which IEEE 754
/// defines exactly, in a fixed order and without fused multiply-adds. (A C library's logarithm differs between machines.)
/// </summary>
public static class NormalDistribution
{
    /// <summary>Gives the number that a standard normal variable stays under with probability <paramref name="p"/>, 0 &lt; p &lt; 1; about 16 digits.</summary>
    /// <remarks>
    /// PPND16 of Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988): rational
    /// functions of degree 7 for the middle, the near tails and the far tails.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    public static double Quantile(double p)
    {
        if (!(p > 0 && p < 1))
            throw new ArgumentOutOfRangeException(nameof(p), p, "A probability must lie between 0 and 1, both excluded.");
        double q = p - 0.5;
        if (Math.Abs(q) <= 0.425)
        {
            double m = 0.180625 - q * q;
            return q * Horner(m, Middle) / Horner(m, MiddleDivisor);
        }
        double r = Math.Sqrt(-Log(q < 0 ? p : 1 - p));
        double tail = r <= 5 ? Horner(r - 1.6, Near) / Horner(r - 1.6, NearDivisor) : Horner(r - 5, Far) / Horner(r - 5, FarDivisor);
        return q < 0 ? -tail : tail;
    }

    /// <summary>Takes the natural logarithm of a positive normal number, within about an ulp.</summary>
    internal static double Log(double x)
    {
        // x = 2^exponent * m with m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double m = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (m > 1.4142135623730951)
            (m, exponent) = (m / 2, exponent + 1);
        double s = (m - 1) / (m + 1),
            square = s * s,
            sum = 0;
        for (int k = 23; k >= 1; k -= 2) // s^2k / (2k + 1) is under 2^-60 from k = 12 on
            sum = sum * square + 1.0 / k;
        return exponent * 0.69314718055994531 + 2 * s * sum;
    }

    static double Horner(double x, ReadOnlySpan<double> coefficients)
    {
        double sum = 0;
        for (int i = coefficients.Length - 1; i >= 0; i--)
            sum = sum * x + coefficients[i];
        return sum;
    }

    static ReadOnlySpan<double> Middle =>
        [
            3.3871328727963666080e0,
            1.3314166789178437745e+2,
            1.9715909503065514427e+3,
            1.3731693765509461125e+4,
            4.5921953931549871457e+4,
            6.7265770927008700853e+4,
            3.3430575583588128105e+4,
            2.5090809287301226727e+3,
        ];

    static ReadOnlySpan<double> MiddleDivisor =>
        [
            1,
            4.2313330701600911252e+1,
            6.8718700749205790830e+2,
            5.3941960214247511077e+3,
            2.1213794301586595867e+4,
            3.9307895800092710610e+4,
            2.8729085735721942674e+4,
            5.2264952788528545610e+3,
        ];

    static ReadOnlySpan<double> Near =>
        [
            1.42343711074968357734e0,
            4.63033784615654529590e0,
            5.76949722146069140550e0,
            3.64784832476320460504e0,
            1.27045825245236838258e0,
            2.41780725177450611770e-1,
            2.27238449892691845833e-2,
            7.74545014278341407640e-4,
        ];

    static ReadOnlySpan<double> NearDivisor =>
        [
            1,
            2.05319162663775882187e0,
            1.67638483018380384940e0,
            6.89767334985100004550e-1,
            1.48103976427480074590e-1,
            1.51986665636164571966e-2,
            5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        ];

    static ReadOnlySpan<double> Far =>
        [
            6.65790464350110377720e0,
            5.46378491116411436990e0,
            1.78482653991729133580e0,
            2.96560571828504891230e-1,
            2.65321895265761230930e-2,
            1.24266094738807843860e-3,
            2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        ];

    static ReadOnlySpan<double> FarDivisor =>
        [
            1,
            5.99832206555887937690e-1,
            1.36929880922735805310e-1,
            1.48753612908506148525e-2,
            7.86869131145613259100e-4,
            1.84631831751005468180e-5,
            1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        ];
}
