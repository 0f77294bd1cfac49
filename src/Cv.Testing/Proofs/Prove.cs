using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Proves derivatives of functions of single numbers, by algebra instead of by samples.</summary>
public static class Prove
{
    /// <summary>
    /// Proves that a gate's derivatives, by hand or not, are those of its formula. Both are rewritten over a tower of kernels, in which the difference is a quotient of polynomials; it is evaluated at random
    /// points modulo random primes of 61 bits. Zero proves, with the error bound that is printed; else a point is looked for where enclosures are disjoint, which refutes.
    /// </summary>
    /// <remarks>
    /// Schwartz, "Fast Probabilistic Algorithms for Verification of Polynomial Identities" (1980); Risch, "Algebraic Properties of the Elementary Functions of Analysis" (1979), for towers.
    /// </remarks>
    /// <example><code>
    /// var squash = Gate.Define("squash", x => x / (1 + MathF.Abs(x)), (x, y) => (1 - MathF.Abs(y)) * (1 - MathF.Abs(y)));
    /// Console.WriteLine(Prove.Derivative(squash));   // proved: on 2 branches, the derivative of squash is that of its formula ...
    /// </code></example>
    public static Proof Derivative(ScalarGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return Of(gate.Name, Formula.Of(gate.Name, gate.Of, gate.Count));
    }

    /// <summary>Proves the derivative that the library gives for a function of nodes, which must be made of elementwise ops.</summary>
    /// <example><code>Console.WriteLine(Prove.Derivative(x => x * x.Sigmoid()));</code></example>
    public static Proof Derivative(Func<Expr, Expr> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Of("the function", Formula.Of("the function", x => function(x[0]), 1));
    }

    /// <summary>Proves the derivative rule of an elementwise op, for each of its arguments.</summary>
    /// <example><code>Console.WriteLine(Prove.Derivative(new Tanh()));</code></example>
    public static Proof Derivative(Op op)
    {
        ArgumentNullException.ThrowIfNull(op);
        return Of(op.Name, Formula.Of(op));
    }

    static Proof Of(string name, Formula? formula) =>
        formula is null
            ? new(name, ProofStatus.NotProved, "it is no formula of single numbers that has a derivative", 0, 0, 0, [], [])
            : Prover.Of(formula);
}
