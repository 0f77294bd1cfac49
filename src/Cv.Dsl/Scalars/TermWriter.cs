using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;

namespace Cv.Dsl;

/// <summary>Writes a term as a lambda over doubles; what it uses several times gets a name, so that it is computed once.</summary>
sealed class TermWriter
{
    readonly IReadOnlyList<ParameterExpression> _arguments;
    readonly Dictionary<Term, int> _uses = [];
    readonly Dictionary<Term, Expression> _written = [];
    readonly List<ParameterExpression> _locals = [];
    readonly List<Expression> _lines = [];

    TermWriter(IReadOnlyList<ParameterExpression> arguments) => _arguments = arguments;

    /// <summary>Writes a term of arguments that are named as the given ones; those of floats become doubles.</summary>
    public static LambdaExpression Lambda(Term term, IReadOnlyList<ParameterExpression> named)
    {
        var arguments = named.Select(p => Parameter(p.Type == typeof(bool) ? typeof(bool) : typeof(double), p.Name)).ToArray();
        var writer = new TermWriter(arguments);
        writer.Count(term);
        var result = writer.Write(term);
        if (writer._lines.Count > 0)
            result = Block(writer._locals, [.. writer._lines, result]);
        return Expression.Lambda(result, arguments);
    }

    void Count(Term t)
    {
        _uses[t] = _uses.GetValueOrDefault(t) + 1;
        if (_uses[t] > 1)
            return;
        foreach (var part in Defined(t) is { } definition ? [definition] : t.Parts)
            Count(part);
    }

    static Term? Defined(Term t) => t.Function?.Definition?.Invoke([.. t.Parts]);

    Expression Write(Term t)
    {
        if (_written.TryGetValue(t, out var known))
            return known;
        var e = Make(t);
        if (_uses[t] > 1 && t.Parts.Length > 0)
        {
            var local = Variable(e.Type, $"t{_locals.Count + 1}");
            _locals.Add(local);
            _lines.Add(Assign(local, e));
            e = local;
        }
        return _written[t] = e;
    }

    Expression Make(Term t) =>
        t switch
        {
            { Head: Head.Argument } => _arguments[(int)t.Value],
            { Head: Head.Number } => Constant(t.Value),
            { Head: Head.Truth } => Constant(t.Value != 0),
            (Head.Add, [var a, var b]) => Add(Write(a), Write(b)),
            (Head.Subtract, [var a, var b]) => Subtract(Write(a), Write(b)),
            (Head.Multiply, [var a, var b]) => Multiply(Write(a), Write(b)),
            (Head.Divide, [var a, var b]) => Divide(Write(a), Write(b)),
            (Head.Negate, [var a]) => Negate(Write(a)),
            (Head.Less, [var a, var b]) => LessThan(Write(a), Write(b)),
            (Head.LessEqual, [var a, var b]) => LessThanOrEqual(Write(a), Write(b)),
            (Head.Greater, [var a, var b]) => GreaterThan(Write(a), Write(b)),
            (Head.GreaterEqual, [var a, var b]) => GreaterThanOrEqual(Write(a), Write(b)),
            (Head.Equal, [var a, var b]) => Equal(Write(a), Write(b)),
            (Head.NotEqual, [var a, var b]) => NotEqual(Write(a), Write(b)),
            (Head.And, [var a, var b]) => AndAlso(Write(a), Write(b)),
            (Head.Or, [var a, var b]) => OrElse(Write(a), Write(b)),
            (Head.Not, [var a]) => Not(Write(a)),
            (Head.Choose, [var test, var a, var b]) => Condition(Write(test), Write(a), Write(b)),
            _ => Defined(t) is { } definition ? Write(definition) : t.Function!.Call(t.Parts.Select(Write)),
        };
}
