using System.Globalization;
using System.Text;

namespace Cv.Dsl;

/// <summary>Prints a term as C#, with no more parentheses than it needs. A long one names what it uses several times: t1 = Exp(x); t1 + 1 / t1.</summary>
sealed class TermText
{
    const int Long = 40; // terms, written out

    readonly IReadOnlyList<string> _arguments;
    readonly Dictionary<Term, string> _names = [];
    readonly HashSet<Term> _seen = [];
    readonly HashSet<Term> _shared = [];
    readonly StringBuilder _lines = new();

    TermText(IReadOnlyList<string> arguments) => _arguments = arguments;

    /// <summary>Prints a term; a part that has a name, such as the value y of what was differentiated, by its name.</summary>
    public static string Of(Term term, IReadOnlyList<string>? arguments = null, Term? y = null)
    {
        var text = new TermText(arguments ?? ["x", "y", "z", "w"]);
        if (y is { Parts.Length: > 0 })
            text._names[y] = "y";
        text.Share(term);
        if (Size(term, []) <= Long)
            text._shared.Clear();
        string result = text.Text(term, 0);
        return text._lines + result;
    }

    void Share(Term t)
    {
        if (t.Parts.Length == 0 || _names.ContainsKey(t))
            return;
        if (!_seen.Add(t))
            _shared.Add(t);
        else
            foreach (var part in t.Parts)
                Share(part);
    }

    static long Size(Term t, Dictionary<Term, long> known)
    {
        if (!known.TryGetValue(t, out long size))
            known[t] = size = Math.Min(int.MaxValue, 1 + t.Parts.Sum(p => Size(p, known)));
        return size;
    }

    string Text(Term t, int around)
    {
        if (_names.TryGetValue(t, out string? name))
            return name;
        if (!_shared.Remove(t))
            return Whole(t, around);
        string value = Whole(t, 0);
        name = $"t{_names.Count + 1}";
        _lines.Append(CultureInfo.InvariantCulture, $"{name} = {value}; ");
        return _names[t] = name;
    }

    string Whole(Term t, int around)
    {
        var (text, strength) = t switch
        {
            { Head: Head.Argument } => (_arguments[(int)t.Value], 9),
            { Head: Head.Number } => (t.Value.ToString("R", CultureInfo.InvariantCulture), t.Value < 0 ? 7 : 9),
            { Head: Head.Truth } => (t.Value != 0 ? "true" : "false", 9),
            (Head.Choose, [var test, var a, var b]) => ($"{Text(test, 2)} ? {Text(a, 2)} : {Text(b, 1)}", 1),
            (Head.Negate or Head.Not, [var a]) => ((t.Head == Head.Not ? "!" : "-") + Text(a, 7), 7),
            { Head: Head.Call } => ($"{t.Function!.Name}({string.Join(", ", t.Parts.Select(p => Text(p, 0)))})", 9),
            (_, [var a, var b]) => Infix(t.Head, a, b),
            _ => throw new InvalidOperationException($"term_text: a term must be printable; got {t.Head}."),
        };
        return strength < around ? $"({text})" : text;
    }

    (string Text, int Strength) Infix(Head head, Term a, Term b)
    {
        var (sign, strength) = head switch
        {
            Head.Or => ("||", 2),
            Head.And => ("&&", 3),
            Head.Equal => ("==", 4),
            Head.NotEqual => ("!=", 4),
            Head.Less => ("<", 4),
            Head.LessEqual => ("<=", 4),
            Head.Greater => (">", 4),
            Head.GreaterEqual => (">=", 4),
            Head.Add => ("+", 5),
            Head.Subtract => ("-", 5),
            Head.Multiply => ("*", 6),
            _ => ("/", 6),
        };
        return ($"{Text(a, strength)} {sign} {Text(b, strength + 1)}", strength);
    }
}
