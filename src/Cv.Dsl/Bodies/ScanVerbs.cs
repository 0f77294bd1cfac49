using System.Collections.Immutable;

namespace Cv.Dsl;

public sealed partial class Expr
{
    /// <summary>
    /// Goes through a sequence with a state: for each x along the first axis of <paramref name="xs"/>, <paramref name="body"/> makes the next state of the state and x. Gives
    /// the last state, and all of them on a new first axis: f32[N,8] and f32[T,N,4] give f32[N,8] and f32[T,N,8].
    /// </summary>
    /// <param name="state">The first state.</param>
    /// <param name="xs">The sequence; its first axis may be a symbol, "T".</param>
    /// <param name="body">One step. What it takes from outside, weights say, is the same at every step, and computed once.</param>
    /// <param name="reverse">Tells to go from the last x to the first.</param>
    /// <remarks>A layer in a body is one layer, the same at every step, and another than those outside. Noise, as of a dropout, is the same at every step.</remarks>
    /// <example><code>
    /// Expr h0 = Expr.Const(0).BroadcastTo(["N", 8]);
    /// var (last, all) = Expr.Scan(h0, xs, (h, x) => (x.MatMul(wx) + h.MatMul(wh) + b).Tanh());   // a recurrent net
    /// </code></example>
    /// <exception cref="ShapeException">The sequence is a scalar, or the next state is not of the state's type.</exception>
    /// <exception cref="GraphException">The body remembers what depends on its arguments.</exception>
    public static (Expr Last, Expr All) Scan(Expr state, Expr xs, Func<Expr, Expr, Expr> body, bool reverse = false) =>
        Scan(
            state,
            xs,
            (s, x) =>
            {
                var next = body(s, x);
                return (next, next);
            },
            reverse
        );

    /// <summary>Goes through a sequence with a state; the body gives the next state and an output, of any type. Gives the last state, and all outputs on a new first axis.</summary>
    /// <example><code>var (total, sums) = Expr.Scan(zero, xs, (sum, x) => (sum + x, (sum + x) / 2f));</code></example>
    /// <inheritdoc cref="Scan(Expr, Expr, Func{Expr, Expr, Expr}, bool)"/>
    public static (Expr Last, Expr Outputs) Scan(Expr state, Expr xs, Func<Expr, Expr, (Expr Next, Expr Output)> body, bool reverse = false)
    {
        var (states, outputs) = Scan(
            [state],
            [xs],
            (s, x) =>
            {
                var (next, output) = body(s[0], x[0]);
                return ([next], [output]);
            },
            reverse
        );
        return (states[0], outputs[0]);
    }

    /// <summary>Goes through several sequences of one length with several states; the body gives the next states, and any number of outputs.</summary>
    /// <param name="states">The first states; none makes it a map over the sequences.</param>
    /// <param name="xs">The sequences, one at least.</param>
    /// <param name="body">One step.</param>
    /// <param name="reverse">Tells to go from the last index to the first.</param>
    /// <example><code>
    /// var (last, outputs) = Expr.Scan([h0, c0], [xs], (s, x) =>
    /// {
    ///     var (h, c) = Lstm(s[0], s[1], x[0]);
    ///     return ([h, c], [h]);
    /// });
    /// </code></example>
    /// <exception cref="ShapeException">The sequences differ in length, or a next state is not of its state's type.</exception>
    /// <exception cref="GraphException">The body gives another number of states, or remembers what depends on its arguments.</exception>
    public static (ImmutableArray<Expr> Last, ImmutableArray<Expr> Outputs) Scan(
        Expr[] states,
        Expr[] xs,
        Func<Expr[], Expr[], (Expr[] Next, Expr[] Outputs)> body,
        bool reverse = false
    )
    {
        if (xs.Length == 0)
            throw new GraphException("scan: there must be a sequence to go through; got none. For a number of steps: Iterate(10, body)?");
        foreach (var x in xs)
            if (x.Shape.Rank == 0 || x.Shape[0] != xs[0].Shape[0])
                throw new ShapeException(
                    $"scan: the sequences must have first axes of one length, the steps; got {ErrorText.List(xs.Select(s => s.Type), " and ")}. Reshape or cut them."
                );
        return Scan(states, xs, xs[0].Shape[0], body, reverse);
    }

    internal static (ImmutableArray<Expr> Last, ImmutableArray<Expr> Outputs) Scan(
        Expr[] states,
        Expr[] xs,
        Dim length,
        Func<Expr[], Expr[], (Expr[] Next, Expr[] Outputs)> body,
        bool reverse
    )
    {
        Expr[] given = [.. states.Select(s => Argument.Fresh("state", s.Type))];
        Expr[] elements = [.. xs.Select(x => Argument.Fresh("x", x.Type with { Shape = new(x.Shape.Dims[1..]) }))];
        var (next, outputs) = body(given, elements);
        if (next.Length != states.Length)
            throw new GraphException(
                $"scan: the body must give as many states as it takes; got {next.Length} for {states.Length}. Give a state that stays as it came."
            );
        for (int i = 0; i < next.Length; i++)
            if (next[i].Type != states[i].Type)
                throw new ShapeException(
                    $"scan: the next state must be of the state's type; got {next[i].Type} for state {i}, {states[i].Type}. Cast or broadcast the first state?"
                );
        var results = Dsl.Scan.Of(given, states, elements, xs, [.. next, .. outputs], length, reverse);
        return (results[..states.Length], results[states.Length..]);
    }
}

public static partial class Verbs
{
    /// <summary>Applies a function again and again, <paramref name="steps"/> times, each time to what it gave. Of the same type at every step.</summary>
    /// <param name="x">The first value.</param>
    /// <param name="steps">The number of steps; a symbol only where an input's shape names it.</param>
    /// <param name="body">One step.</param>
    /// <example><code>Expr root = x.Iterate(20, y => 0.5f * (y + x / y));   // Newton's square root, compiled as one step</code></example>
    /// <exception cref="ShapeException">The body gives another type.</exception>
    public static Expr Iterate(this Expr x, Dim steps, Func<Expr, Expr> body) =>
        Expr.Scan([x], [], steps, (states, _) => ([body(states[0])], []), reverse: false).Last[0];

    /// <summary>Applies a function again and again; it is given the number of the step too, i32[], from 0.</summary>
    /// <example><code>Expr power = x.Iterate(5, (sum, i) => sum * x + i.Cast(DType.F32));</code></example>
    /// <inheritdoc cref="Iterate(Expr, Dim, Func{Expr, Expr})"/>
    public static Expr Iterate(this Expr x, Dim steps, Func<Expr, Expr, Expr> body) =>
        Expr.Scan([x], [Expr.Iota([steps], 0, DType.I32)], steps, (states, i) => ([body(states[0], i[0])], []), reverse: false).Last[0];
}
