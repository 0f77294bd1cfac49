namespace Cv.Testing;

/// <summary>Bounds a quotient of polynomials in the generators: degrees, and bits of the sum of its coefficients' magnitudes, above and below.</summary>
readonly record struct Size(double Up, double Down, double UpBits, double DownBits)
{
    public static Size Generator => new(1, 0, 1, 1);

    public static Size operator +(Size a, Size b) =>
        new(
            Math.Max(a.Up + b.Down, b.Up + a.Down),
            a.Down + b.Down,
            Math.Max(a.UpBits + b.DownBits, b.UpBits + a.DownBits) + 1,
            a.DownBits + b.DownBits
        );

    public static Size operator *(Size a, Size b) => new(a.Up + b.Up, a.Down + b.Down, a.UpBits + b.UpBits, a.DownBits + b.DownBits);

    public Size Inverse => new(Down, Up, DownBits, UpBits);

    public Size Times(double n) => new(Up * n, Down * n, UpBits * n, DownBits * n);
}

/// <summary>A value of the tower: what it is modulo each prime, at a random point, and how large a quotient of polynomials it is.</summary>
sealed record Element(ulong[] At, Size Size);
