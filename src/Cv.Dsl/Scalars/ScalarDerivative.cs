using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Differentiates scalar rules symbolically: sum, product, quotient and chain rule, conditionals, and the functions of <see cref="ScalarFunctions"/>. What is
/// 0 whatever the numbers are vanishes, and a conditional masks before it multiplies: an infinity in the branch not taken never meets a 0.
/// </summary>
public static class ScalarDerivative
{
    /// <summary>Gives the derivative of a rule by one of its arguments, as a rule of the same arguments over doubles; 0 where none flows.</summary>
    /// <param name="rule">A lambda over doubles, floats or truth values, as <see cref="Elementwise.Scalar"/> gives it.</param>
    /// <param name="argument">The number of the argument, from 0.</param>
    /// <example><code>ScalarDerivative.Of(new Tanh().Scalar, 0);   // x => 1 - Tanh(x) * Tanh(x)</code></example>
    /// <exception cref="GraphException">The rule calls a function whose derivative nobody knows.</exception>
    public static LambdaExpression Of(LambdaExpression rule, int argument)
    {
        var pool = new TermPool();
        var y = TermReader.Read(pool, rule, "scalar_derivative", allowsOwn: true);
        var x = pool.Argument(argument, rule.Parameters[argument].Type == typeof(bool));
        return TermWriter.Lambda(Of(y, x, "scalar_derivative"), rule.Parameters);
    }

    /// <summary>Gives the derivative of a term by an argument.</summary>
    internal static Term Of(Term y, Term x, string subject) => new Walk(x, subject).Of(y);

    /// <summary>Tells whether a 0 stands in a branch of a conditional: such a one masks what it is multiplied with.</summary>
    internal static bool Masks(Term t) => t is (Head.Choose, [_, var a, var b]) && (a.IsZero || b.IsZero || Masks(a) || Masks(b));

    sealed class Walk(Term x, string subject)
    {
        const int MostLeaves = 16; // of conditionals within conditionals, each of which a product is pushed into

        readonly Dictionary<Term, Term> _known = [];

        public Term Of(Term y)
        {
            if (!_known.TryGetValue(y, out var known))
                _known[y] = known = Rule(y);
            return known;
        }

        Term Rule(Term y) =>
            y switch
            {
                _ when y == x && !y.IsTruth => y.Like(1),
                (Head.Add, [var a, var b]) => Sum(Of(a), Of(b)),
                (Head.Subtract, [var a, var b]) => Sum(Of(a), Opposite(Of(b))),
                (Head.Negate, [var a]) => Opposite(Of(a)),
                (Head.Multiply, [var a, var b]) when a == b => Times(2 * a, Of(a)),
                (Head.Multiply, [var a, var b]) => Sum(Times(b, Of(a)), Times(a, Of(b))),
                (Head.Divide, [var a, var b]) when Of(b).IsZero => Over(Of(a), b),
                (Head.Divide, [var a, var b]) => Over(Sum(Of(a), Opposite(Times(y, Of(b)))), b),
                (Head.Choose, [var test, var a, var b]) => y.Pool.Choose(test, Of(a), Of(b)),
                (Head.Call, _) => Chain(y),
                _ => y.Like(0),
            };

        Term Chain(Term y)
        {
            var sum = y.Like(0);
            for (int i = 0; i < y.Parts.Length; i++)
                if (Of(y.Parts[i]) is { IsZero: false } inner)
                    sum = Sum(sum, Times((y.Function!.Slopes ?? throw Unknown(y))[i](y, [.. y.Parts]), inner));
            return sum;
        }

        static Term Sum(Term a, Term b) =>
            a.IsZero ? b
            : b.IsZero ? a
            : a is (Head.Choose, [var test, var p, var q]) && b is (Head.Choose, [var same, var r, var s]) && test == same
                ? a.Pool.Choose(test, Sum(p, r), Sum(q, s))
            : a + b;

        static Term Opposite(Term a) => Each(a, leaf => leaf.IsZero ? leaf : -leaf);

        static Term Times(Term factor, Term d) =>
            factor.IsZero ? factor
            : Masks(d) && Leaves(d) <= MostLeaves ? Each(d, leaf => Times(factor, leaf))
            : Masks(factor) && Leaves(factor) <= MostLeaves ? Each(factor, leaf => Times(leaf, d))
            : d.IsZero ? d
            : factor * d;

        static Term Over(Term d, Term b) => Each(d, leaf => leaf.IsZero ? leaf : leaf / b);

        /// <summary>Does something to each branch where a conditional masks, else to the whole.</summary>
        static Term Each(Term d, Func<Term, Term> f) =>
            d is (Head.Choose, [var test, var a, var b]) && Masks(d) ? d.Pool.Choose(test, Each(a, f), Each(b, f)) : f(d);

        static int Leaves(Term t) => t is (Head.Choose, [_, var a, var b]) ? Leaves(a) + Leaves(b) : 1;

        GraphException Unknown(Term y) =>
            new(
                $"{subject}: a derivative must be known for each function; got {TermText.Of(y)}. Give it by hand: Gate.Define(name, forward, derivative)?"
            );
    }
}
