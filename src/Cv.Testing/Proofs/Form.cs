using System.Globalization;

namespace Cv.Testing;

/// <summary>A product of powers of generators, each by its number.</summary>
sealed class Monomial
{
    public Monomial(IEnumerable<(int Generator, int Power)> factors)
    {
        Factors = [.. factors.Where(f => f.Power != 0).OrderBy(f => f.Generator)];
        Key = string.Join('*', Factors.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Generator:D4}^{f.Power}")));
    }

    public static Monomial One { get; } = new([]);

    public (int Generator, int Power)[] Factors { get; }

    public string Key { get; }

    public bool IsOne => Factors.Length == 0;

    public static Monomial operator *(Monomial a, Monomial b) =>
        new(a.Factors.Concat(b.Factors).GroupBy(f => f.Generator).Select(g => (g.Key, g.Sum(f => f.Power))));

    public Monomial Inverse => new(Factors.Select(f => (f.Generator, -f.Power)));
}

/// <summary>A sum of monomials with rational coefficients: how a value is written, as far as it is a polynomial. Kernels are told apart by it.</summary>
sealed class Form
{
    public const int Longest = 48; // terms; what is longer becomes a generator

    Form(SortedDictionary<string, (Monomial Monomial, Rational Coefficient)> terms) => Terms = terms;

    public SortedDictionary<string, (Monomial Monomial, Rational Coefficient)> Terms { get; }

    public static Form Of(Monomial monomial, Rational coefficient) => Sum([(monomial, coefficient)]);

    public static Form Of(int generator, int power = 1) => Of(new Monomial([(generator, power)]), Rational.One);

    public static Form Sum(IEnumerable<(Monomial Monomial, Rational Coefficient)> terms)
    {
        var sum = new SortedDictionary<string, (Monomial Monomial, Rational Coefficient)>(StringComparer.Ordinal);
        foreach (var (monomial, coefficient) in terms)
        {
            var total = sum.TryGetValue(monomial.Key, out var known) ? known.Coefficient + coefficient : coefficient;
            if (total.IsZero)
                sum.Remove(monomial.Key);
            else
                sum[monomial.Key] = (monomial, total);
        }
        return new(sum);
    }

    public bool IsZero => Terms.Count == 0;

    /// <summary>Gives the number that it is, or null.</summary>
    public Rational? Number =>
        Terms.Count == 0 ? default(Rational)
        : Terms.Count == 1 && Terms.First().Value is { Monomial.IsOne: true, Coefficient: var c } ? c
        : null;

    /// <summary>Gives the only term, or null.</summary>
    public (Monomial Monomial, Rational Coefficient)? Single => Terms.Count == 1 ? Terms.First().Value : null;

    public Rational Leading => Terms.Count == 0 ? Rational.One : Terms.Last().Value.Coefficient;

    public static Form operator +(Form a, Form b) => Sum(a.Terms.Values.Concat(b.Terms.Values));

    public Form Scaled(Rational by) => Sum(Terms.Values.Select(t => (t.Monomial, t.Coefficient * by)));

    public static Form operator *(Form a, Form b) =>
        Sum(from s in a.Terms.Values from t in b.Terms.Values select (s.Monomial * t.Monomial, s.Coefficient * t.Coefficient));
}

/// <summary>A value of the tower: its residues, and how it is written.</summary>
sealed record Node(Element Value, Form Form);
