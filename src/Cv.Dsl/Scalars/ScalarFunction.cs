using System.Collections.Frozen;
using System.Linq.Expressions;
using System.Reflection;

namespace Cv.Dsl;

/// <summary>
/// Describes a function of one to three numbers that a scalar rule may call: how it is computed, its derivative by each argument from its value y and the
/// arguments x, and the op that computes it in a graph.
/// </summary>
sealed class ScalarFunction : IEquatable<ScalarFunction>
{
    /// <summary>Gives a derivative from the function's value and its arguments.</summary>
    public delegate Term Slope(Term y, Term[] x);

    static readonly FrozenDictionary<string, ScalarFunction> Table = ScalarFunctions.All.ToFrozenDictionary(f => f.Name);

    readonly Func<double[], double> _value;

    ScalarFunction(string name, MethodInfo method, Func<double[], double> value, Slope[]? slopes)
    {
        Name = name;
        Method = method;
        _value = value;
        Slopes = slopes;
    }

    /// <summary>Gives the name, that of the method.</summary>
    public string Name { get; }

    /// <summary>Gives the method that computes it in f64: what a written rule calls.</summary>
    public MethodInfo Method { get; }

    /// <summary>Gives the derivatives by each argument; null where nobody knows them.</summary>
    public Slope[]? Slopes { get; }

    /// <summary>Gives the node that computes it; null where no op does.</summary>
    public Func<Expr[], Expr>? Graph { get; init; }

    /// <summary>Gives the function in terms of others, where that is how it is computed.</summary>
    public Func<Term[], Term>? Definition { get; init; }

    public static ScalarFunction One(
        string name,
        Func<double, double> value,
        Func<Term, Term, Term> slope,
        Func<Expr, Expr>? graph = null,
        Func<Term, Term>? definition = null
    ) =>
        new(name, value.Method, x => value(x[0]), [(y, x) => slope(y, x[0])])
        {
            Graph = graph is null ? null : x => graph(x[0]),
            Definition = definition is null ? null : x => definition(x[0]),
        };

    public static ScalarFunction Two(
        string name,
        Func<double, double, double> value,
        Func<Term, Term, Term, Term> first,
        Func<Term, Term, Term, Term> second,
        Func<Expr, Expr, Expr>? graph = null
    ) =>
        new(name, value.Method, x => value(x[0], x[1]), [(y, x) => first(y, x[0], x[1]), (y, x) => second(y, x[0], x[1])])
        {
            Graph = graph is null ? null : x => graph(x[0], x[1]),
        };

    /// <summary>Takes a method of one's own, of doubles or floats, whose derivative nobody knows.</summary>
    public static ScalarFunction Own(MethodInfo method)
    {
        var types = method.GetParameters();
        return new(
            method.Name,
            method,
            x =>
                Convert.ToDouble(
                    method.Invoke(null, [.. x.Select((v, i) => types[i].ParameterType == typeof(float) ? (object)(float)v : v)]),
                    null
                ),
            null
        );
    }

    /// <summary>Tells whether nobody knows a derivative: a method of the user.</summary>
    public bool IsOwn => Slopes is null;

    /// <summary>Finds a function by its name.</summary>
    public static ScalarFunction Named(string name) => Table[name];

    /// <summary>Finds a function by its name, or gives null.</summary>
    public static ScalarFunction? Find(string name) => Table.GetValueOrDefault(name);

    /// <summary>Computes it, or gives null for a function of one's own: it may not always give the same.</summary>
    public double? Value(double[] arguments) => Slopes is null ? null : _value(arguments);

    /// <summary>Computes it now, whoever wrote it.</summary>
    public double Compute(double[] arguments) => _value(arguments);

    /// <summary>Writes a call.</summary>
    public Expression Call(IEnumerable<Expression> arguments)
    {
        var types = Method.GetParameters();
        var call = Expression.Call(
            Method,
            arguments.Select((a, i) => a.Type == types[i].ParameterType ? a : Expression.Convert(a, types[i].ParameterType))
        );
        return call.Type == typeof(double) ? call : Expression.Convert(call, typeof(double));
    }

    /// <inheritdoc/>
    public bool Equals(ScalarFunction? other) => other is not null && Method == other.Method;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ScalarFunction);

    /// <inheritdoc/>
    public override int GetHashCode() => Method.GetHashCode();
}
