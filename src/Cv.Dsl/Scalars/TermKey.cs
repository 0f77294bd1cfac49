using System.Globalization;
using System.Text;

namespace Cv.Dsl;

/// <summary>Writes terms so that equal texts are equal functions: each part once, in order, by its number.</summary>
static class TermKey
{
    public static string Of(IEnumerable<Term> terms)
    {
        var text = new StringBuilder();
        var numbers = new Dictionary<Term, int>();
        foreach (var term in terms)
            text.Append(CultureInfo.InvariantCulture, $"={Number(term)};");
        return text.ToString();

        int Number(Term t)
        {
            if (numbers.TryGetValue(t, out int known))
                return known;
            string parts = string.Join(',', t.Parts.Select(Number));
            var method = t.Function?.Method;
            text.Append(
                CultureInfo.InvariantCulture,
                $"{t.Head} {BitConverter.DoubleToInt64Bits(t.Value):x} {t.IsTruth} {method?.Module.ModuleVersionId}{method?.MetadataToken:x} {parts};"
            );
            return numbers[t] = numbers.Count;
        }
    }
}
