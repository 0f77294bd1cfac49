using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Holds a function of a few numbers as terms: its value, and the derivatives that the library gives for it, one for each argument. A gate, an elementwise op, or a
/// composition of such ops is one.
/// </summary>
sealed class Formula
{
    Formula(string name, Expr graph, ImmutableArray<Expr> gradients, Func<Expr[], Expr> build)
    {
        (Name, Graph, Gradients, Build) = (name, graph, gradients, build);
        var pool = new TermPool();
        var places = Arguments(graph, pool);
        var terms = new GraphTerms(pool, places);
        Value = terms.Of(graph);
        Claims = [.. gradients.Select(terms.Of)];
        Arity = places.Count;
        IsOpaque = All.Any(t => t.Function is { } f && !JetFunctions.Knows(f));
    }

    public string Name { get; }

    /// <summary>Gives the node of scalars that the terms were read from.</summary>
    public Expr Graph { get; }

    public ImmutableArray<Expr> Gradients { get; }

    /// <summary>Applies the function to other operands.</summary>
    public Func<Expr[], Expr> Build { get; }

    public Term Value { get; }

    /// <summary>Lists the derivatives as the library gives them: those under test.</summary>
    public ImmutableArray<Term> Claims { get; }

    public int Arity { get; }

    /// <summary>Tells whether a method of the user is called, whose inside nobody sees.</summary>
    public bool IsOpaque { get; }

    /// <summary>Lists all terms of value and derivatives, once each.</summary>
    public IEnumerable<Term> All => Terms([Value, .. Claims]);

    /// <summary>Reads a function of nodes. Gives null for one that is not of each element alone, or holds what is no scalar mathematics.</summary>
    public static Formula? Of(string name, Func<Expr[], Expr> build, int arity)
    {
        try
        {
            Expr[] x = [.. Enumerable.Range(0, arity).Select(i => Expr.Input(NameOf(i, arity), default, DType.F64))];
            var y = build(x);
            if (y.Type != x[0].Type)
                return null;
            return new(name, y, Gradient.Of(y, x, Unreached.Zero), build);
        }
        catch (GraphException)
        {
            return null;
        }
    }

    /// <summary>Reads an elementwise op; a truth value that it takes is whether a number is above 0.</summary>
    public static Formula? Of(Op op) =>
        op is Elementwise { Scalar.Parameters: var x }
            ? Of(op.Name, o => Expr.Of(op, o.Select((e, i) => x[i].Type == typeof(bool) ? e > 0.0 : e).ToArray()), x.Count)
            : null;

    public static string NameOf(int argument, int arity) => arity == 1 ? "x" : $"x{argument}";

    public static IEnumerable<Term> Terms(IEnumerable<Term> roots)
    {
        var seen = new HashSet<Term>();
        var rest = new Stack<Term>(roots);
        while (rest.TryPop(out var t))
        {
            if (!seen.Add(t))
                continue;
            yield return t;
            foreach (var part in t.Parts)
                rest.Push(part);
        }
    }

    static Dictionary<string, Term> Arguments(Expr graph, TermPool pool)
    {
        var names = Point.Leaves(graph).Select(l => ((Named)l.Op).Id).Order(StringComparer.Ordinal);
        return names.Select((n, i) => (n, pool.Argument(i))).ToDictionary(p => p.n, p => p.Item2, StringComparer.Ordinal);
    }
}
