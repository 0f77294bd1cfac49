using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Evaluates terms in f64, every part of both branches: for many points, to look for thresholds.</summary>
sealed class DoubleRun
{
    readonly Term[] _terms;
    readonly Dictionary<Term, int> _places = [];
    readonly int[][] _parts;

    public DoubleRun(IEnumerable<Term> roots)
    {
        _terms = [.. Formula.Terms(roots).OrderBy(t => t.Order)];
        for (int i = 0; i < _terms.Length; i++)
            _places[_terms[i]] = i;
        _parts = [.. _terms.Select(t => t.Parts.Select(p => _places[p]).ToArray())];
    }

    public IReadOnlyList<Term> Terms => _terms;

    public int PlaceOf(Term t) => _places[t];

    /// <summary>Lists the value of each term.</summary>
    public double[] Run(double[] at)
    {
        var values = new double[_terms.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = Value(_terms[i], _parts[i], values, at);
        return values;
    }

    public double Run(double[] at, Term t) => Run(at)[_places[t]];

    static double Value(Term t, int[] parts, double[] values, double[] at)
    {
        double a = parts.Length > 0 ? values[parts[0]] : 0,
            b = parts.Length > 1 ? values[parts[1]] : 0;
        return t.Head switch
        {
            Head.Argument => at[(int)t.Value],
            Head.Number or Head.Truth => t.Value,
            Head.Add => a + b,
            Head.Subtract => a - b,
            Head.Multiply => a * b,
            Head.Divide => a / b,
            Head.Negate => -a,
            Head.Less => a < b ? 1 : 0,
            Head.LessEqual => a <= b ? 1 : 0,
            Head.Greater => a > b ? 1 : 0,
            Head.GreaterEqual => a >= b ? 1 : 0,
            Head.Equal => a == b ? 1 : 0,
            Head.NotEqual => a != b ? 1 : 0,
            Head.And => a != 0 && b != 0 ? 1 : 0,
            Head.Or => a != 0 || b != 0 ? 1 : 0,
            Head.Not => a == 0 ? 1 : 0,
            Head.Choose => a != 0 ? b : values[parts[2]],
            Head.Call => t.Function!.Compute([.. parts.Select(p => values[p])]),
            _ => throw new UnknownToOracleException($"check: no one knows how to compute {t.Head}."),
        };
    }
}
