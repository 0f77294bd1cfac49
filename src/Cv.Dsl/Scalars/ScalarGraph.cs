using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Writes scalar rules as graphs of primitive ops, which fuse and share like any others. A function that has no op, such as acosh, becomes a node of a
/// <see cref="Gated"/> op of its own.
/// </summary>
public static class ScalarGraph
{
    /// <summary>
    /// Applies a rule to operands of one dtype (bool where the rule's argument is a truth value). The result is broadcast as far as the rule uses its
    /// operands: a rule that uses none gives a scalar constant.
    /// </summary>
    /// <param name="rule">A lambda over doubles, floats or truth values, as <see cref="Elementwise.Scalar"/> gives it.</param>
    /// <param name="operands">The arguments, in order.</param>
    /// <example><code>Expr slope = ScalarGraph.Of(ScalarDerivative.Of(new Tanh().Scalar, 0), x);   // 1 - tanh x tanh x</code></example>
    /// <exception cref="GraphException">The rule holds something else than scalar mathematics.</exception>
    /// <exception cref="ShapeException">The operands do not fit each other.</exception>
    public static Expr Of(LambdaExpression rule, params Expr[] operands) =>
        new Walk(operands).Of(TermReader.Read(new TermPool(), rule, "scalar_graph", allowsOwn: true));

    /// <summary>Applies terms to operands.</summary>
    internal sealed class Walk(IReadOnlyList<Expr> operands)
    {
        readonly Dictionary<Term, Expr> _known = [];
        readonly DType _dtype = operands.Select(o => o.DType).FirstOrDefault(d => d != DType.Bool, DType.F32);

        /// <summary>Says which node a term is, where it is known already.</summary>
        public void Let(Term term, Expr node) => _known[term] = node;

        public Expr Of(Term t)
        {
            if (!_known.TryGetValue(t, out var known))
                _known[t] = known = Make(t);
            return known;
        }

        Expr Make(Term t) =>
            t switch
            {
                { Head: Head.Argument } => operands[(int)t.Value],
                { Head: Head.Number } => Expr.Const(t.Value, _dtype),
                { Head: Head.Truth } => Expr.Const(t.Value, DType.Bool),
                (Head.Add, [var a, var b]) => Of(a) + Of(b),
                (Head.Subtract, [var a, var b]) => Of(a) - Of(b),
                (Head.Multiply, [var a, var b]) => Of(a) * Of(b),
                (Head.Divide, [var a, var b]) => Of(a) / Of(b),
                (Head.Negate, [var a]) => -Of(a),
                (Head.Less, [var a, var b]) => Of(a) < Of(b),
                (Head.LessEqual, [var a, var b]) => Of(a) <= Of(b),
                (Head.Greater, [var a, var b]) => Of(a) > Of(b),
                (Head.GreaterEqual, [var a, var b]) => Of(a) >= Of(b),
                (Head.Equal, [var a, var b]) => Of(a).EqualTo(Of(b)),
                (Head.NotEqual, [var a, var b]) => Of(a).NotEqualTo(Of(b)),
                (Head.And, [var a, var b]) => Of(a) & Of(b),
                (Head.Or, [var a, var b]) => Of(a) | Of(b),
                (Head.Not, [var a]) => !Of(a),
                (Head.Choose, [var test, var a, var b]) => Expr.Select(Of(test), Of(a), Of(b)),
                _ => Call(t.Function!, [.. t.Parts.Select(Of)]),
            };

        static Expr Call(ScalarFunction function, Expr[] operands) =>
            function.Graph?.Invoke(operands) ?? Expr.Of(new Gated(ScalarGate.Of(function)), operands);
    }
}
