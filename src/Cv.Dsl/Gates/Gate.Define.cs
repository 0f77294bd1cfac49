using System.Linq.Expressions;
using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <content>Defines gates from lambdas: over floats or doubles, of one to four arguments, from C# or F#.</content>
public abstract partial class Gate
{
    /// <summary>
    /// Makes a gate of a scalar function: elementwise, for f32 and f64, with the derivatives that follow from the formula. The function may be made of
    /// arithmetic, comparisons, conditionals, functions of <see cref="Math"/>, <see cref="MathF"/>, <see cref="float"/> and <see cref="SpecialFunctions"/>,
    /// and F#'s own; what it captures is read now, and literals as they are written: 0.1f is 0.1.
    /// </summary>
    /// <param name="name">What dumps and messages call it.</param>
    /// <param name="forward">The function.</param>
    /// <remarks>
    /// What overflows or cancels as it is written is computed as the function that is meant: 1 / (1 + exp(-x)) is a sigmoid (docs/SEMANTICS.md). At a kink,
    /// max, min and abs have the gradients of the ops; a conditional has that of the branch that is taken.
    /// </remarks>
    /// <example><code>
    /// var swish = Gate.Define("swish", x => x / (1 + MathF.Exp(-x)));
    /// Console.WriteLine(swish.Derivative());   // Sigmoid(x) + x * (Sigmoid(x) * (1 - Sigmoid(x)))
    /// </code></example>
    /// <exception cref="GraphException">The function holds something else than scalar mathematics, or what has no known derivative.</exception>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(string name, Expression<Func<float, float>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(string name, Expression<Func<float, float, float>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(string name, Expression<Func<float, float, float, float>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(string name, Expression<Func<float, float, float, float, float>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    public static ScalarGate Define(string name, Expression<Func<double, double>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    public static ScalarGate Define(string name, Expression<Func<double, double, double>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    public static ScalarGate Define(string name, Expression<Func<double, double, double, double>> forward) => Make(name, forward, []);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}})"/>
    public static ScalarGate Define(string name, Expression<Func<double, double, double, double, double>> forward) =>
        Make(name, forward, []);

    /// <summary>
    /// Makes a gate of a scalar function whose derivatives are written by hand: one for each argument, in terms of the arguments and of the value y, which is
    /// known already.
    /// </summary>
    /// <param name="name">What dumps and messages call it.</param>
    /// <param name="forward">The function; it may call static methods of one's own, of one or two numbers, which then run lane by lane.</param>
    /// <param name="derivative">Its derivative, in terms of x and y.</param>
    /// <example><code>var squash = Gate.Define("squash", x => x / (1 + MathF.Abs(x)), (x, y) => (1 - MathF.Abs(y)) * (1 - MathF.Abs(y)));</code></example>
    /// <exception cref="GraphException">The functions hold something else than scalar mathematics.</exception>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(
        string name,
        Expression<Func<float, float>> forward,
        Expression<Func<float, float, float>> derivative
    ) => Make(name, forward, [derivative]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(
        string name,
        Expression<Func<float, float, float>> forward,
        Expression<Func<float, float, float, float>> first,
        Expression<Func<float, float, float, float>> second
    ) => Make(name, forward, [first, second]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(
        string name,
        Expression<Func<float, float, float, float>> forward,
        Expression<Func<float, float, float, float, float>> first,
        Expression<Func<float, float, float, float, float>> second,
        Expression<Func<float, float, float, float, float>> third
    ) => Make(name, forward, [first, second, third]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    [OverloadResolutionPriority(1)]
    public static ScalarGate Define(
        string name,
        Expression<Func<float, float, float, float, float>> forward,
        Expression<Func<float, float, float, float, float, float>> first,
        Expression<Func<float, float, float, float, float, float>> second,
        Expression<Func<float, float, float, float, float, float>> third,
        Expression<Func<float, float, float, float, float, float>> fourth
    ) => Make(name, forward, [first, second, third, fourth]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    public static ScalarGate Define(
        string name,
        Expression<Func<double, double>> forward,
        Expression<Func<double, double, double>> derivative
    ) => Make(name, forward, [derivative]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    public static ScalarGate Define(
        string name,
        Expression<Func<double, double, double>> forward,
        Expression<Func<double, double, double, double>> first,
        Expression<Func<double, double, double, double>> second
    ) => Make(name, forward, [first, second]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    public static ScalarGate Define(
        string name,
        Expression<Func<double, double, double, double>> forward,
        Expression<Func<double, double, double, double, double>> first,
        Expression<Func<double, double, double, double, double>> second,
        Expression<Func<double, double, double, double, double>> third
    ) => Make(name, forward, [first, second, third]);

    /// <inheritdoc cref="Define(string, Expression{Func{float, float}}, Expression{Func{float, float, float}})"/>
    public static ScalarGate Define(
        string name,
        Expression<Func<double, double, double, double, double>> forward,
        Expression<Func<double, double, double, double, double, double>> first,
        Expression<Func<double, double, double, double, double, double>> second,
        Expression<Func<double, double, double, double, double, double>> third,
        Expression<Func<double, double, double, double, double, double>> fourth
    ) => Make(name, forward, [first, second, third, fourth]);

    static ScalarGate Make(string name, LambdaExpression forward, LambdaExpression[] byHand)
    {
        string subject = $"gate \"{name}\"";
        var pool = new TermPool();
        var y = TermReader.Read(pool, forward, subject, allowsOwn: byHand.Length > 0);
        var derivatives =
            byHand.Length > 0
                ? byHand.Select(d => TermReader.Read(pool, d, subject, allowsOwn: true, last: y))
                : forward.Parameters.Select((p, i) => ScalarDerivative.Of(y, pool.Argument(i), subject));
        return new(name, forward, y, [.. derivatives], byHand.Length > 0);
    }
}
